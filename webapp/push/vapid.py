"""The signature of this server for push services (VAPID, RFC 8292), and new keys."""

from __future__ import annotations

import base64
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from ..config.vapid import KEY_BYTES, Vapid
from ..webhooks.urls import parse_url

# A push service accepts at most 24 hours. Clocks may differ.
VALID_SECONDS = 12 * 3600


def new_private_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return base64url(key.to_bytes(KEY_BYTES))


def public_key(vapid: Vapid) -> str:
    """The key that a page gives to its browser: an uncompressed point in base64url."""
    return base64url(raw_public(_signer(vapid).public_key))


def authorization(vapid: Vapid, endpoint: str) -> str:
    """The header Authorization of a push to this endpoint."""
    target = parse_url(endpoint)
    claims = {
        "aud": f"{target.scheme}://{target.place}",
        "exp": int(time.time()) + VALID_SECONDS,
        "sub": vapid.subject,
    }
    return str(_signer(vapid).sign(claims)["Authorization"])


def raw_public(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _signer(vapid: Vapid) -> Vapid02:
    # The subject was checked by config/vapid.py.
    return Vapid02.from_raw(vapid.private_key.encode())
