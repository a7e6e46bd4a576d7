"""PASSKEY_DOMAIN: the domain to which passkeys belong, for installations with several hosts."""

from __future__ import annotations

import re

from .env import EnvReader

_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
# "localhost" is the one domain of a single label that browsers accept.
_DOMAIN = re.compile(rf"localhost|(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}", re.ASCII)


def read_domain(read: EnvReader) -> str:
    """The domain in lower case; "" without the setting."""
    value = read.text("PASSKEY_DOMAIN").lower().rstrip(".")
    if value and (len(value) > 253 or not _DOMAIN.fullmatch(value)):
        read.fault(
            f"PASSKEY_DOMAIN is {value[:80]!r}, which is not a domain name. Use the name with which all addresses of this "
            "Doorbell end, without https://, port or path, such as example.com."
        )
        return ""
    return value
