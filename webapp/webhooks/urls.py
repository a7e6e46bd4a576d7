"""The URL of a webhook, read once and strictly, so that what was checked is what is connected to.

Spellings that clients read in different ways are refused: backslashes, blanks, user names, percent-encoded hosts, and
numbers that some resolvers take for addresses, such as 127.1 or 0x7f000001.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import idna

from ..language import gettext as _
from .errors import RefusedAddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_CHARS = 2048
PORTS = {"http": 80, "https": 443}
_PLACE = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(?::(?P<port>[0-9]{0,5}))?")
# With underscores, which names of containers have.
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
# A last label of this form makes the host an IPv4 address, says the URL standard.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Characters that keep their meaning in a path or a query; `%` because the URL is encoded already.
_SAFE = "/?%:@!$&'()*+,;=~-._[]"


@dataclass(frozen=True)
class Target:
    """Where a URL leads. `host` is ASCII in lower case, without brackets; `address` is set when the host is one."""

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None

    @property
    def is_tls(self) -> bool:
        return self.scheme == "https"

    @property
    def place(self) -> str:
        """Host and port as the header Host and sentences have them: `example.com`, `[::1]:8443`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def parse_url(url: str) -> Target:
    """The parts of an http or https URL, without a look-up of its host. Raises RefusedAddress."""
    if len(url) > MAX_CHARS:
        raise RefusedAddress(
            _(
                "The URL has %(count)s characters; at most %(max_chars)s are allowed.",
                count=len(url),
                max_chars=MAX_CHARS,
            )
        )
    # urlsplit would remove tabs and line breaks, and browsers read a backslash as a slash.
    if any(character <= " " or character in "\\\x7f" or not character.isprintable() for character in url):
        raise RefusedAddress(_("The URL has a blank, a backslash or a control character. Percent-encode it."))
    if "#" in url:
        raise RefusedAddress(_("The URL has a fragment, the part after #, which is never sent. Remove it."))
    try:
        parts = urlsplit(url)
    except ValueError:
        raise RefusedAddress(_("The host of the URL is not valid.")) from None
    scheme = parts.scheme.lower()
    if scheme not in PORTS or not url[len(scheme) :].startswith("://"):
        raise RefusedAddress(_("The URL does not begin with https://."))
    if "@" in parts.netloc:
        raise RefusedAddress(_("The URL has a user name or a password. Send credentials in a header instead."))
    found = _PLACE.fullmatch(parts.netloc)
    if not found:
        raise RefusedAddress(
            _("The host or the port of the URL is not valid. Write it like https://example.com:8443/path.")
        )
    port = int(found["port"] or PORTS[scheme])
    if not 1 <= port <= 65535:
        raise RefusedAddress(_("The port of the URL is not a number from 1 to 65535."))
    host, address = _host(found["host"])
    path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_SAFE)
    return Target(scheme, host, port, path, address)


def _host(written: str) -> tuple[str, Address | None]:
    """A host in its normal form, and the address that it is."""
    if written.startswith("["):
        try:
            address: Address = ipaddress.IPv6Address(written[1:-1])
        except ValueError:
            raise RefusedAddress(_("The host of the URL is not a valid IPv6 address.")) from None
        return str(address), address
    if "%" in written:
        raise RefusedAddress(_("The host of the URL is percent-encoded. Write its characters as they are."))
    name = _ascii(written).removesuffix(".")
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise RefusedAddress(_("The host of the URL is not a valid name or address."))
    if not _NUMBER.fullmatch(name.rpartition(".")[2]):
        return name, None
    try:
        address = ipaddress.IPv4Address(name)
    except ValueError:
        raise RefusedAddress(
            _(
                "The host of the URL is a number in a spelling that programs read in different ways. Write an "
                "address as four decimal numbers, such as 192.0.2.10."
            )
        ) from None
    return str(address), address


def _ascii(written: str) -> str:
    """A name in lower case and in ASCII, as IDNA 2008 with the mapping of UTS 46 encodes it."""
    if written.isascii():
        return written.lower()
    try:
        return idna.encode(written, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        raise RefusedAddress(_("The host of the URL has characters that a name may not have.")) from None
