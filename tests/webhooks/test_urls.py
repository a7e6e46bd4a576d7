"""The URL of a webhook is read strictly: what was checked is what is connected to."""

from __future__ import annotations

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.webhooks.errors import RefusedAddress
from webapp.webhooks.urls import Target, parse_url

from ..support.fuzzing import TEXTS, fuzzed


@pytest.mark.parametrize(
    ("url", "place", "path"),
    [
        ("https://example.com", "example.com", "/"),
        ("https://example.com:443/hooks?a=1&b=%2F", "example.com", "/hooks?a=1&b=%2F"),
        ("HTTPS://EXAMPLE.com:8443/Hooks", "example.com:8443", "/Hooks"),
        ("https://example.com:/x", "example.com", "/x"),
        ("https://example.com./x", "example.com", "/x"),
        ("https://example.com?@127.0.0.1/", "example.com", "/?@127.0.0.1/"),
        ("http://my_service:8000/in", "my_service:8000", "/in"),
        ("http://localhost.:80", "localhost", "/"),
        ("https://bücher.example/é?q=ü", "xn--bcher-kva.example", "/%C3%A9?q=%C3%BC"),
        ("https://BÜCHER.example", "xn--bcher-kva.example", "/"),
        ("https://straße.example", "xn--strae-oqa.example", "/"),
        ("https://xn--bcher-kva.example", "xn--bcher-kva.example", "/"),
        ("https://example.com/a//b/../c", "example.com", "/a//b/../c"),
    ],
)
def test_ordinary_urls_keep_their_host_port_and_path(url: str, place: str, path: str) -> None:
    target = parse_url(url)
    assert (target.place, target.path, target.address) == (place, path, None)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://93.184.216.34/", "93.184.216.34"),
        ("https://93.184.216.34./", "93.184.216.34"),
        ("http://[::1]:8000/", "[::1]:8000"),
        ("https://[2606:4700:0:0::0001]/", "[2606:4700::1]"),
        ("http://[::ffff:127.0.0.1]/", "[::ffff:7f00:1]"),
        ("http://[::FFFF:7F00:1]/", "[::ffff:7f00:1]"),
        # Full-width digits and an ideographic full stop, which IDNA maps to ASCII.
        ("http://１２７.０.０.１/", "127.0.0.1"),
        ("http://127。0。0。1/", "127.0.0.1"),
        ("http://①②⑦.0.0.1/", "127.0.0.1"),
    ],
)
def test_a_host_that_is_an_address_is_read_as_that_address(url: str, place: str) -> None:
    target = parse_url(url)
    assert target.address is not None
    assert target.place == place
    assert target.address == ipaddress.ip_address(target.host)


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0X7F.0.0.1",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.1.5",
        "256.0.0.1",
        "0",
        "example.1",
        "example.0x1f",
        "１２７.１",
    ],
)
def test_odd_spellings_of_an_ipv4_address_are_refused(host: str) -> None:
    with pytest.raises(RefusedAddress, match="four decimal numbers"):
        parse_url(f"http://{host}/")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://user@example.com/", "user name"),
        ("https://user:hunter2@example.com/", "user name"),
        ("https://example.com@127.0.0.1/", "user name"),
        ("https://@example.com/", "user name"),
        ("https://127.0.0.1%2f@example.com/", "user name"),
        ("https://example.com/#part", "fragment"),
        ("https://example.com#@127.0.0.1/", "fragment"),
        ("https://example.com\\@127.0.0.1/", "backslash"),
        ("https:\\\\example.com/", "backslash"),
        ("https://exa\tmple.com/", "control character"),
        ("https://exa\nmple.com/", "control character"),
        (" https://example.com/", "blank"),
        ("https://example.com/a b", "blank"),
        ("https://example.com/a\u2003b", "blank"),
        ("https://example.com/\x7f", "control character"),
        ("https://example.com/\ud800", "control character"),
        ("https://exam\u200bple.com/", "control character"),
        ("https://%31%32%37.0.0.1/", "percent-encoded"),
        ("https://example%2ecom/", "percent-encoded"),
        ("http://[fe80::1%25eth0]/", "not valid"),
        ("http://[::1/", "not valid"),
        ("http://::1/", "not valid"),
        ("http://[127.0.0.1]/", "not a valid IPv6|not valid"),
        ("https://[::1]x/", "not valid"),
        ("https://example.com:0/", "1 to 65535"),
        ("https://example.com:65536/", "1 to 65535"),
        ("https://example.com:http/", "port of the URL is not valid"),
        ("https://example.com:8 0/", "blank"),
        ("https://example.com:80:80/", "not valid"),
        ("https://example.com:８０/", "not valid"),
        ("https://", "not valid"),
        ("https:///path", "not valid"),
        ("https:example.com", "begin with https://"),
        ("//example.com/", "begin with https://"),
        ("example.com", "begin with https://"),
        ("ftp://example.com/", "begin with https://"),
        ("file:///etc/passwd", "begin with https://"),
        ("gopher://127.0.0.1:6379/_x", "begin with https://"),
        ("https://.example.com/", "not a valid name"),
        ("https://example..com/", "not a valid name"),
        ("https://example.com../", "not a valid name"),
        ("https://-example.com/", "not a valid name"),
        ("https://exa$mple.com/", "not a valid name"),
        ("https://a,b/", "not a valid name"),
        (f"https://{'a' * 64}.com/", "not a valid name"),
        (f"https://{'a.' * 127}com/", "not a valid name"),
        ("https://☃☃-\u0301.example/", "may not have|not valid"),
        ("https://example.com／@x/", "not valid|user name"),
        ("https://example.com/" + "a" * 2048, "2048"),
        ("", "begin with https://"),
    ],
)
def test_urls_that_programs_read_in_different_ways_are_refused(url: str, words: str) -> None:
    with pytest.raises(RefusedAddress, match=words) as refused:
        parse_url(url)
    assert "hunter2" not in str(refused.value)


@fuzzed
@given(
    st.one_of(TEXTS, TEXTS.map("https://{}/".format), st.text("[]:@%.0x17/?-_a", max_size=20).map("http://{}".format))
)
def test_any_text_is_either_refused_or_read_as_a_plain_target(text: str) -> None:
    try:
        target = parse_url(text)
    except RefusedAddress:
        return
    assert re.fullmatch(r"[a-z0-9_.-]+|[0-9a-f:.]+", target.host)
    assert 1 <= target.port <= 65535
    assert re.fullmatch(r"/[!-~]*|\?[!-~]*", target.path)
    assert target == parse_url(f"{target.scheme}://{target.place}{target.path}")


def test_the_place_has_the_port_unless_it_is_the_schemes_own() -> None:
    assert Target("https", "a.example", 80, "/", None).place == "a.example:80"
    assert Target("http", "a.example", 80, "/", None).place == "a.example"
