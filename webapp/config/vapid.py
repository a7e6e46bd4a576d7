"""VAPID_PRIVATE_KEY and VAPID_SUBJECT: the identity of this server for push services (RFC 8292)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from .env import EnvReader

KEY_BYTES = 32
# The order of the curve P-256: a private key is a number from 1 to below it.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SUBJECT = re.compile(r"mailto:[^@\s]+@[^@\s]+|https://[^/\s]+\S*")
_ADVICE = "Make one with: flask push-keys"


@dataclass(frozen=True)
class Vapid:
    """The private key, 32 bytes in base64url, and how a push service reaches the administrator."""

    private_key: str
    subject: str


def read_vapid(read: EnvReader) -> Vapid | None:
    """None without both variables: then no push is offered. Messages never show the key."""
    key, subject = read.text("VAPID_PRIVATE_KEY"), read.text("VAPID_SUBJECT")
    if not key and not subject:
        return None
    if not key:
        read.fault(f"VAPID_SUBJECT is set, but VAPID_PRIVATE_KEY is not; a push needs both. {_ADVICE}")
    elif not _is_key(key):
        read.fault(
            f"VAPID_PRIVATE_KEY has {len(key)} characters that are not a private key of P-256 in base64url (43 characters). "
            f"{_ADVICE}"
        )
    if not subject:
        read.fault(
            "VAPID_PRIVATE_KEY is set, but VAPID_SUBJECT is not; push services require it. Set it to an address at which they "
            "reach you, like mailto:admin@example.com."
        )
    elif not _SUBJECT.fullmatch(subject):
        read.fault(f"VAPID_SUBJECT is {subject!r}; allowed: mailto:admin@example.com, or an address with https://.")
    return Vapid(key, subject)


def _is_key(text: str) -> bool:
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(key) == KEY_BYTES and 0 < int.from_bytes(key) < _ORDER
