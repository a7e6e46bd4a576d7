"""The encryption of a push: only the subscribed browser can read it (RFC 8291)."""

from __future__ import annotations

import base64
import binascii

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec

AUTH_BYTES = 16
POINT_BYTES = 65
# A push service may refuse more than 4096 bytes with the encryption's own.
MAX_PLAIN_BYTES = 3000


class KeysInvalid(ValueError):
    """The keys of a subscription are not those of a browser."""


def check_keys(p256dh: str, auth: str) -> None:
    """Raises KeysInvalid."""
    _point(p256dh)
    if len(_decoded(auth)) != AUTH_BYTES:
        raise KeysInvalid(f"The key auth does not have {AUTH_BYTES} bytes.")


def encrypt(plain: bytes, p256dh: str, auth: str) -> bytes:
    """A body with the content encoding aes128gcm. Raises KeysInvalid."""
    encrypted: bytes = http_ece.encrypt(
        plain,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=_point(p256dh),
        auth_secret=_decoded(auth),
        version="aes128gcm",
    )
    return encrypted


def _point(text: str) -> bytes:
    point = _decoded(text)
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise KeysInvalid("The key p256dh is not a point of the curve P-256.") from None
    if len(point) != POINT_BYTES:
        raise KeysInvalid(f"The key p256dh does not have {POINT_BYTES} bytes.")
    return point


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise KeysInvalid("A key of the subscription is not in base64url.") from None
