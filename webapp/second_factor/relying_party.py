"""The domain to which passkeys belong (WebAuthn's relying party), and the origin at which they are used."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class RelyingParty:
    """`domain` is WebAuthn's RP id. A passkey of one domain never answers for another, so a false site gets nothing."""

    domain: str
    origin: str


def relying_party(address: str, setting: str) -> RelyingParty | None:
    """The relying party of a page at `address`, such as https://board.example.com/. None: no passkey can be used there.

    `setting` (PASSKEY_DOMAIN) is the domain of all hosts of an installation; "": the host of the page. Browsers refuse passkeys
    at an IP address, and without HTTPS except on localhost.
    """
    try:
        parts = urlsplit(address)
    except ValueError:  # a proxy has passed on a scheme or host that is not valid
        return None
    host = (parts.hostname or "").rstrip(".")
    is_local = host == "localhost" or host.endswith(".localhost")
    if not host or _is_ip(host) or not (parts.scheme == "https" or is_local):
        return None
    domain = setting or host
    if host != domain and not host.endswith(f".{domain}"):
        return None
    return RelyingParty(domain, f"{parts.scheme}://{parts.netloc}")


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
