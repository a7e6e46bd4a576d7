"""Which addresses a webhook may reach: public ones, and those of the networks in WEBHOOK_ALLOW.

A host is resolved once. Each of its addresses must be permitted, and the connection goes to one of these. So neither a
second address nor a later answer of the DNS leads to another place. The tables are those of IANA's special-purpose
registries; the ones of `ipaddress` differ between versions of Python, and count NAT64 of a private address as global.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..config.webhook_allow import METADATA, Network
from ..language import gettext as _
from .errors import CannotResolve, RefusedAddress
from .urls import Address, Target, parse_url

# From a host and a port to addresses as text. Raises OSError.
Resolve = Callable[[str, int], Sequence[str]]

_SPECIAL: tuple[tuple[Network, str], ...] = tuple(
    (ipaddress.ip_network(network), kind)
    for kind, networks in {
        "an unspecified": "0.0.0.0/8 ::/128",
        "a loopback": "127.0.0.0/8 ::1/128",
        "a private": "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 fec0::/10",
        "a shared (carrier-grade NAT)": "100.64.0.0/10",
        "a link-local": "169.254.0.0/16 fe80::/10",
        "a documentation": "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20",
        "a benchmarking": "198.18.0.0/15",
        "a multicast": "224.0.0.0/4 ff00::/8",
        "a reserved": "192.0.0.0/24 192.88.99.0/24 240.0.0.0/4 2001::/23",
    }.items()
    for network in networks.split()
)
# The part of IPv6 that is assigned to the internet.
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class Endpoint:
    """A checked address to connect to. `address` is text without a name, as `connect` takes it."""

    family: socket.AddressFamily
    address: str


def lookup(host: str, port: int) -> list[str]:
    """The addresses of a host by the system's resolver, in its order of preference. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(where[0]) for _family, _type, _protocol, _name, where in found]


def endpoints(target: Target, allow: Sequence[Network], resolve: Resolve = lookup) -> list[Endpoint]:
    """The checked addresses of a URL's host, at least one, in the resolver's order, after one look-up at most.

    Raises RefusedAddress when one of them may not be reached, or is reached without TLS beyond the networks of `allow`, and
    CannotResolve when there are none. A TimeoutError of `resolve` passes through.
    """
    if not target.is_tls and not allow:
        raise RefusedAddress(_("The URL does not begin with https://, which public addresses require."))
    found = [target.address] if target.address else _resolved(target, resolve)
    for address in found:
        _check(target, address, allow)
    return [
        Endpoint(socket.AF_INET if address.version == 4 else socket.AF_INET6, str(address))
        for address in dict.fromkeys(found)
    ]


def check_url(url: str, allow: Sequence[Network]) -> None:
    """The checks of a URL that need no look-up. Raises RefusedAddress."""
    target = parse_url(url)
    if target.address or not (target.is_tls or allow):
        endpoints(target, allow)


def special_kind(address: Address, allow: Sequence[Network] = ()) -> str:
    """The kind of an address that webhooks may not reach, such as "a private"; "" for a permitted one."""
    for inner in _unwrapped(address):
        if _is_in(inner, METADATA):
            return "a metadata or link-local"
        if not _is_in(inner, allow) and (kind := _special(inner)):
            return kind
    return ""


def _check(target: Target, address: Address, allow: Sequence[Network]) -> None:
    if kind := special_kind(address, allow):
        raise RefusedAddress(_refusal(target, kind))
    if not target.is_tls and not all(_is_in(inner, allow) for inner in _unwrapped(address)):
        raise RefusedAddress(
            _("%(place)s is a public address, which requires a URL that begins with https://.", place=target.place)
            if target.address
            else _(
                "%(place)s resolves to a public address, which requires a URL that begins with https://.",
                place=target.place,
            )
        )


def _refusal(target: Target, kind: str) -> str:
    advice = _("Use a public address; the administrator of this server can allow networks with WEBHOOK_ALLOW.")
    if target.address:
        seen = _("%(place)s is %(kind)s address, which webhooks may not reach.", place=target.place, kind=kind)
    else:
        seen = _("%(place)s resolves to %(kind)s address, which webhooks may not reach.", place=target.place, kind=kind)
    return f"{seen} {advice}"


def _resolved(target: Target, resolve: Resolve) -> list[Address]:
    try:
        texts = resolve(target.host, target.port)
    except TimeoutError:
        raise
    except (OSError, UnicodeError) as error:
        again = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        reason = _("the name server did not answer") if again else _("the name is not known")
        raise CannotResolve(_("%(host)s has no address: %(reason)s.", host=target.host, reason=reason)) from error
    if not texts:
        raise CannotResolve(_("%(host)s has no address.", host=target.host))
    # A link-local address has its interface behind a percent sign.
    return [ipaddress.ip_address(text.partition("%")[0]) for text in texts]


def _unwrapped(address: Address) -> Iterator[Address]:
    """The addresses that a packet to this one can reach: those inside it, where it wraps any, else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
    elif address.ipv4_mapped:
        yield address.ipv4_mapped
    elif address in _NAT64:
        yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    elif address.sixtofour:
        yield address.sixtofour
    elif address.teredo:
        yield from address.teredo
    else:
        yield address


def _special(address: Address) -> str:
    for network, kind in _SPECIAL:
        if address in network:
            return kind
    return "" if address.version == 4 or address in _GLOBAL_IPV6 else "a reserved"


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
