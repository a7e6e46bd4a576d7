"""Secrets and signatures of outgoing webhooks: Standard Webhooks 1.0.0, symmetric (`v1`).

The signed text is `<id>.<timestamp>.<body>`. The id is the same in every attempt, so that a receiver can drop repeats;
timestamp and signature belong to one attempt.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets as random_bytes
from collections.abc import Sequence
from datetime import datetime

from .verification import SECRET_PREFIX

SECRET_BYTES = 32
SECRET_MIN_BYTES, SECRET_MAX_BYTES = 24, 64
# Without a dot, which separates the parts of the signed text.
_ID = re.compile(r"[!-\-/-~]{1,128}")


class InvalidSecret(ValueError):
    """A text that is not a secret of Standard Webhooks. The message never shows the text."""


def make_secret() -> str:
    """A new secret: `whsec_` and 32 random bytes in base64."""
    return SECRET_PREFIX + base64.b64encode(random_bytes.token_bytes(SECRET_BYTES)).decode()


def parse_secret(secret: str) -> bytes:
    """The key of a secret, 24 to 64 bytes. Raises InvalidSecret."""
    if not secret.startswith(SECRET_PREFIX):
        raise InvalidSecret(
            f"The secret does not begin with {SECRET_PREFIX}. Leave the field empty to get a new secret."
        )
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX).encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise InvalidSecret(f"The part of the secret after {SECRET_PREFIX} is not base64.") from None
    if not SECRET_MIN_BYTES <= len(key) <= SECRET_MAX_BYTES:
        raise InvalidSecret(
            f"The secret has {len(key)} bytes; {SECRET_MIN_BYTES} to {SECRET_MAX_BYTES} are allowed, written in base64."
        )
    return key


def headers(message_id: str, timestamp: datetime, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers that sign one attempt, with one signature per secret, in the order given.

    Give two secrets while one is replaced. `message_id` is ASCII without blanks and dots, at most 128 characters;
    `timestamp` is the time of the attempt, with a time zone. Raises ValueError for other values, and InvalidSecret.
    """
    if not _ID.fullmatch(message_id):
        raise ValueError("message_id needs 1 to 128 ASCII characters without blanks and dots")
    if timestamp.tzinfo is None:
        raise ValueError("timestamp needs a time zone")
    if not secrets:
        raise ValueError("at least one secret is needed")
    seconds = int(timestamp.timestamp())
    signed = f"{message_id}.{seconds}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(_signature(parse_secret(secret), signed) for secret in secrets),
    }


def _signature(key: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
