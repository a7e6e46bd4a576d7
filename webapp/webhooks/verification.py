"""Verification of a webhook by its receiver, as Standard Webhooks 1.0.0 specifies it.

Copy this file into the receiver: it needs the standard library only. Verify the bytes of the body as they were received,
before any parser reads them. Handle an id once, because a retry repeats it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping

# Older or newer timestamps are refused, so that a recorded request cannot be repeated later.
TOLERANCE_SECONDS = 300
SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of all secrets


class InvalidSignature(Exception):
    """The request was not sent by the holder of the secret, or not now. The message is the reason, without the secret."""


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float | None = None) -> str:
    """The webhook's id, once its signature and its time are valid.

    `secret` is `whsec_…` as Doorbell showed it, `now` is in seconds since 1970. Names of headers may have any case. Raises
    InvalidSignature.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not (message_id and timestamp and given.get("webhook-signature")):
        raise InvalidSignature("webhook-id, webhook-timestamp or webhook-signature is missing")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise InvalidSignature("webhook-timestamp is not a number of seconds")
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE_SECONDS:
        raise InvalidSignature(f"webhook-timestamp is more than {TOLERANCE_SECONDS} seconds away; check the clock")
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    # While a secret is replaced there are two signatures; one of another version may stand beside them.
    matches = [hmac.compare_digest(expected, each.encode()) for each in given["webhook-signature"].split(" ")]
    if not any(matches):
        raise InvalidSignature("no signature matches the secret and the body")
    return message_id
