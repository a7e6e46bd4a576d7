"""Webhooks reach public addresses and the networks of WEBHOOK_ALLOW, and never those that serve credentials."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.config import webhook_allow
from webapp.config.webhook_allow import METADATA, Network
from webapp.webhooks.addresses import Endpoint, endpoints, lookup, special_kind
from webapp.webhooks.errors import CannotResolve, RefusedAddress
from webapp.webhooks.urls import parse_url

from ..support.fuzzing import fuzzed

PRIVATE = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("127.0.0.0/8"))
EVERYTHING = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
PUBLIC = "93.184.216.34"


def reached(url: str, *answers: str, allow: Sequence[Network] = ()) -> list[str]:
    """The addresses that a webhook to `url` may connect to, when its host has `answers`."""
    return [each.address for each in endpoints(parse_url(url), allow, lambda _host, _port: answers)]


HOSTILE = [
    ("10.0.0.5", "a private"),
    ("172.31.255.255", "a private"),
    ("192.168.1.1", "a private"),
    ("127.0.0.1", "a loopback"),
    ("127.255.255.254", "a loopback"),
    ("0.0.0.0", "an unspecified"),  # noqa: S104 - refused
    ("169.254.169.254", "a metadata or link-local"),
    ("169.254.170.2", "a metadata or link-local"),
    ("100.64.0.1", "a shared"),
    ("100.100.100.200", "a metadata or link-local"),
    ("168.63.129.16", "a metadata or link-local"),
    ("192.0.0.192", "a metadata or link-local"),
    ("192.0.0.8", "a reserved"),
    ("192.0.2.1", "a documentation"),
    ("198.18.0.1", "a benchmarking"),
    ("224.0.0.1", "a multicast"),
    ("240.0.0.1", "a reserved"),
    ("255.255.255.255", "a reserved"),
    ("::", "an unspecified"),
    ("::1", "a loopback"),
    ("fe80::1", "a metadata or link-local"),
    ("fd00:ec2::254", "a metadata or link-local"),
    ("fd20:ce::254", "a metadata or link-local"),
    ("fc00::1", "a private"),
    ("fd12:3456::1", "a private"),
    ("fec0::1", "a private"),
    ("ff02::1", "a multicast"),
    ("2001:db8::1", "a documentation"),
    ("3fff::1", "a documentation"),
    ("100::1", "a reserved"),
    ("4000::1", "a reserved"),
    # IPv4 inside IPv6: mapped, compatible, translated, NAT64, local NAT64, 6to4, Teredo (the server, then the client).
    ("::ffff:127.0.0.1", "a loopback"),
    ("::ffff:169.254.169.254", "a metadata or link-local"),
    ("::127.0.0.1", "a reserved"),
    ("::ffff:0:127.0.0.1", "a reserved"),
    ("64:ff9b::7f00:1", "a loopback"),
    ("64:ff9b::a00:5", "a private"),
    ("64:ff9b::a9fe:a9fe", "a metadata or link-local"),
    ("64:ff9b:1::7f00:1", "a reserved"),
    ("2002:7f00:1::", "a loopback"),
    ("2002:a9fe:a9fe::1", "a metadata or link-local"),
    ("2001:0:7f00:1::", "a loopback"),
    ("2001:0:5db8:d822:0:0:80ff:fffe", "a loopback"),
    ("2001:2::1", "a reserved"),
]


@pytest.mark.parametrize(("address", "kind"), HOSTILE)
def test_a_hostile_address_is_refused_as_a_host_and_as_an_answer(address: str, kind: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(RefusedAddress, match="is " + kind):
        reached(f"https://{host}/")
    with pytest.raises(RefusedAddress, match="resolves to " + kind) as refused:
        reached("https://inside.example/", address)
    assert address not in str(refused.value), "a sentence lists no internal address"


@pytest.mark.parametrize(
    "address",
    [PUBLIC, "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1", "192.88.98.1"],
)
def test_a_public_address_is_reached_by_https(address: str) -> None:
    assert reached("https://outside.example/", address) == [str(ipaddress.ip_address(address))]


@fuzzed
@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_each_permitted_address_is_global_for_python_too(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if not special_kind(address) and not getattr(address, "ipv4_mapped", None):
        assert address.is_global


@fuzzed
@given(st.ip_addresses(v=4))
def test_an_address_inside_ipv6_is_judged_like_the_address_itself(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for wrapped in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        inner = ipaddress.IPv6Address(wrapped)
        assert special_kind(inner) == special_kind(address)
        assert special_kind(inner, PRIVATE) == special_kind(address, PRIVATE)


@pytest.mark.parametrize("answers", [(PUBLIC, "10.0.0.1"), ("127.0.0.1", PUBLIC), ("2606:4700::1111", PUBLIC, "::1")])
def test_one_refused_answer_among_public_ones_refuses_the_host(answers: tuple[str, ...]) -> None:
    with pytest.raises(RefusedAddress, match="resolves to"):
        reached("https://mixed.example/", *answers)
    assert reached("https://mixed.example/", PUBLIC) == [PUBLIC]


def test_the_setting_permits_its_networks_by_http_too() -> None:
    assert reached("http://10.1.2.3:8000/", allow=PRIVATE) == ["10.1.2.3"]
    assert reached("http://crm.internal/", "10.1.2.3", allow=PRIVATE) == ["10.1.2.3"]
    assert reached("http://crm.internal/", "::ffff:10.1.2.3", allow=PRIVATE) == ["::ffff:a01:203"]
    assert reached("https://crm.internal/", "10.1.2.3", PUBLIC, allow=PRIVATE) == ["10.1.2.3", PUBLIC]
    with pytest.raises(RefusedAddress, match="a private"):
        reached("https://crm.internal/", "192.168.1.1", allow=PRIVATE)


def test_public_addresses_need_https_even_when_private_ones_are_allowed() -> None:
    with pytest.raises(RefusedAddress, match="begin with https"):
        reached("http://outside.example/", PUBLIC)
    with pytest.raises(RefusedAddress, match="requires a URL that begins with https"):
        reached("http://outside.example/", PUBLIC, allow=PRIVATE)
    with pytest.raises(RefusedAddress, match="requires a URL that begins with https"):
        reached("http://crm.internal/", "10.1.2.3", PUBLIC, allow=PRIVATE)
    assert reached("http://outside.example/", PUBLIC, allow=EVERYTHING) == [PUBLIC]


@pytest.mark.parametrize("network", [str(each) for each in METADATA])
def test_addresses_that_serve_credentials_are_refused_even_when_everything_is_allowed(network: str) -> None:
    first = ipaddress.ip_network(network)[0]
    assert special_kind(first, (*EVERYTHING, ipaddress.ip_network(network))) == "a metadata or link-local"
    if first.version == 4:
        assert special_kind(ipaddress.IPv6Address(0x64FF9B << 96 | int(first)), EVERYTHING)
        assert special_kind(ipaddress.IPv6Address(0xFFFF << 32 | int(first)), EVERYTHING)


def test_allowing_all_of_ipv6_permits_no_ipv4_address_inside_it() -> None:
    all_of_ipv6 = (ipaddress.ip_network("::/0"),)
    assert special_kind(ipaddress.ip_address("fd12::1"), all_of_ipv6) == ""
    assert special_kind(ipaddress.ip_address("::ffff:10.0.0.1"), all_of_ipv6) == "a private"
    assert special_kind(ipaddress.ip_address("64:ff9b::7f00:1"), all_of_ipv6) == "a loopback"


def test_an_endpoint_has_the_family_of_its_address_and_repeats_are_dropped() -> None:
    found = endpoints(parse_url("https://a.example/"), (), lambda _host, _port: [PUBLIC, "2606:4700::1111", PUBLIC])
    assert found == [Endpoint(socket.AF_INET, PUBLIC), Endpoint(socket.AF_INET6, "2606:4700::1111")]


def test_a_host_that_is_an_address_is_never_looked_up() -> None:
    looked_up: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        return [PUBLIC]

    assert endpoints(parse_url(f"https://{PUBLIC}/"), (), resolve)
    assert looked_up == []
    assert endpoints(parse_url("https://a.example/"), (), resolve)
    assert looked_up == ["a.example"]


def test_a_host_without_an_address_is_reported_as_such() -> None:
    with pytest.raises(CannotResolve, match=r"a\.example has no address"):
        reached("https://a.example/")
    # RFC 6761: no resolver has an address for it.
    with pytest.raises(CannotResolve, match=r"no-such-host\.invalid has no address"):
        endpoints(parse_url("https://no-such-host.invalid/"), (), lookup)


def test_the_systems_resolver_finds_localhost_which_is_refused_in_all_spellings() -> None:
    assert endpoints(parse_url("http://localhost/"), (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1")))
    for host in ("localhost", "LOCALHOST", "localhost.", "LocalHost."):
        with pytest.raises(RefusedAddress, match="localhost resolves to a loopback"):
            endpoints(parse_url(f"https://{host}/"), (), lookup)


def test_a_network_of_the_other_version_contains_no_address() -> None:
    assert not webhook_allow.is_inside(ipaddress.ip_network("::1"), PRIVATE)
