"""Whether an address is reached by other machines, and what must not be served there."""

from __future__ import annotations

import ipaddress
import re

HOW_TO = (
    "Set BIND to an address of this machine such as 127.0.0.1:8000, with a proxy in front that does HTTPS. "
    "ALLOW_INSECURE_NETWORK=1 allows it on a network that you trust."
)


def reaches_beyond(bind: str) -> bool:
    """Whether gunicorn's bind address is one that other machines reach: all but loopback addresses, sockets of files and
    descriptors that are handed over."""
    address = bind.strip()
    if address.startswith(("unix:", "fd://")):
        return False
    host = re.sub(r":\d*$", "", address.removeprefix("tcp://"))
    if host.lower() == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return True  # a name, or none, which means all addresses


def insecure(bind: str, demo: bool, cookie_secure: bool) -> str:
    """Why this must not be served at `bind`, in a sentence; "" when it may be."""
    if not reaches_beyond(bind):
        return ""
    whys = ["DOORBELL_DEMO=1 signs every visitor in at /demo"] if demo else []
    whys += [] if cookie_secure else ["COOKIE_SECURE=0 sends session cookies without encryption"]
    return f"BIND is {bind!r}, which other machines reach, and {' and '.join(whys)}." if whys else ""
