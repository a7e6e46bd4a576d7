"""Where the web process listens, whether other machines reach that address, and what must not be served there."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from .env import EnvReader

# The default of PORT.
DEFAULT_PORT = 8000

HOW_TO = (
    "Set BIND to an address of this machine such as 127.0.0.1:8000, with a proxy in front that does HTTPS. "
    "ALLOW_INSECURE_NETWORK=1 allows it on a network that you trust."
)


@dataclass(frozen=True)
class Network:
    """Where the web process listens, and what it serves there. `allow_insecure` permits an address that is not safe."""

    bind: str
    demo: bool
    cookie_secure: bool
    allow_insecure: bool

    @classmethod
    def from_env(cls, read: EnvReader, *, demo: bool) -> Network:
        """`demo` is the default of DOORBELL_DEMO."""
        is_demo = read.switch("DOORBELL_DEMO", demo)
        return cls(
            bind=bind_address(read),
            demo=is_demo,
            cookie_secure=read.switch("COOKIE_SECURE", not is_demo),
            allow_insecure=read.switch("ALLOW_INSECURE_NETWORK", False),
        )


def bind_address(read: EnvReader) -> str:
    """BIND, else the loopback address with PORT."""
    return read.text("BIND") or f"127.0.0.1:{read.whole_number('PORT', DEFAULT_PORT, 0, 65535)}"


def reaches_beyond(bind: str) -> bool:
    """Whether other machines reach gunicorn's bind address: all but loopback addresses, Unix sockets and inherited file
    descriptors."""
    address = bind.strip()
    if address.startswith(("unix:", "fd://")):
        return False
    host = re.sub(r":\d*$", "", address.removeprefix("tcp://"))
    if host.lower() == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        # A name, or an empty host, which means all addresses.
        return True


def insecure(bind: str, demo: bool, cookie_secure: bool) -> str:
    """A sentence on why serving at `bind` is not safe; "" when it is safe."""
    if not reaches_beyond(bind):
        return ""
    reasons = ["DOORBELL_DEMO=1 signs every visitor in at /demo"] if demo else []
    reasons += [] if cookie_secure else ["COOKIE_SECURE=0 sends session cookies without encryption"]
    return f"BIND is {bind!r}, which other machines reach, and {' and '.join(reasons)}." if reasons else ""


def is_loopback(host: str) -> bool:
    """Whether `host` is an address or name that only this host reaches."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
