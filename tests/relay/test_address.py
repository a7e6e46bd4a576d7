"""Addresses of destinations: good ones of each kind, errors that help and show no secret, and secrets kept apart."""

from __future__ import annotations

import pytest

from webapp.relay.address import Address, WrongAddress, parse
from webapp.relay.address_secrets import join_secrets, resolve, split_secrets

GOOD = {
    "redis://cache:6379/0?stream=doorbell:{tenant}:orders&maxlen=100000": (
        Address(
            "redis", False, (("cache", 6379),), "/0", options={"stream": "doorbell:{tenant}:orders", "maxlen": "100000"}
        )
    ),
    "redis:///?stream=events": Address("redis", False, (), "/", options={"stream": "events"}),
    "rediss://:s3cret@cache?ca_file=/etc/ssl/ca.pem": (
        Address("redis", True, (("cache", 6379),), password="s3cret", options={"ca_file": "/etc/ssl/ca.pem"})
    ),
    "nats://ana:s3cret@a,b:4333?subject=sales.{type}.{order_id}": (
        Address(
            "nats",
            False,
            (("a", 4222), ("b", 4333)),
            username="ana",
            password="s3cret",
            options={"subject": "sales.{type}.{order_id}"},
        )
    ),
    "tls://nats.example.com?creds_file=/etc/nats.creds": (
        Address("nats", True, (("nats.example.com", 4222),), options={"creds_file": "/etc/nats.creds"})
    ),
    "amqp://localhost": Address("amqp", False, (("localhost", 5672),)),
    "AMQPS://ana:p%40ss@[::1]:5671/sales?exchange=shop&routing_key={type}": (
        Address(
            "amqp",
            True,
            (("::1", 5671),),
            "/sales",
            "ana",
            "p@ss",
            {"exchange": "shop", "routing_key": "{type}"},
        )
    ),
    "kafka://a:9092,b:9092?topic=orders&sasl=": (
        Address("kafka", False, (("a", 9092), ("b", 9092)), options={"topic": "orders"})
    ),
    "kafkas://ana:s3cret@a?sasl=SCRAM-SHA-512&cert_file=c&key_file=k": (
        Address(
            "kafka",
            True,
            (("a", 9093),),
            "",
            "ana",
            "s3cret",
            {"sasl": "SCRAM-SHA-512", "cert_file": "c", "key_file": "k"},
        )
    ),
    "https://example.com/hooks/@doorbell?key=s3cret": (
        Address("webhook", True, (("example.com", 443),), "/hooks/@doorbell", query="key=s3cret")
    ),
    "http://10.0.0.7:8080": Address("webhook", False, (("10.0.0.7", 8080),)),
}


@pytest.mark.parametrize("url", GOOD)
def test_a_good_address_has_its_parts(url: str) -> None:
    found, expected = parse(url), GOOD[url]
    assert {name: value for name, value in found.options.items() if value != ""}.items() >= expected.options.items()
    parts = ("kind", "tls", "hosts", "path", "username", "password", "query")
    assert [getattr(found, part) for part in parts] == [getattr(expected, part) for part in parts]


def test_an_option_that_is_not_given_has_its_default() -> None:
    assert parse("nats://host").options["subject"] == "doorbell.{tenant}.orders.{type}"
    assert parse("amqp://host").options["exchange"] == "doorbell"
    assert parse("amqp://host").options["routing_key"] == "{tenant}.order.{type}"
    assert parse("kafka://host?topic=").options["topic"] == "doorbell.orders"
    assert parse("redis://host").options == {
        "stream": "doorbell:{tenant}:orders",
        "maxlen": "",
        "ca_file": "",
        "cert_file": "",
        "key_file": "",
    }


def test_a_place_has_every_host_and_port() -> None:
    assert parse("nats://ana:s3cret@a,[::1]:4333").place == "a:4222, [::1]:4333"
    assert parse("redis:///").place == "Doorbell's own Redis"


@pytest.mark.parametrize(
    ("url", "texts"),
    [
        ("nats://" + "a" * 2000, ("2007 characters", "at most 2000")),
        ("nats://a b", ("a blank", "%20")),
        ("nats://a\nb", ("control character", "%20")),
        ("nats://a\udc80b", ("control character",)),
        ("mqtt://host", ("'mqtt'", "redis, rediss, nats, tls")),
        ("host:4222", ("does not begin with a scheme", "redis, rediss")),
        ("ana:s3cret@nats://host", ("does not begin with a scheme",)),
        ("nats://host#s3cret", ("# part", "%23")),
        ("nats://ana:12/s3cret@host", ("@ after its host", "%2F")),
        ("nats://ana:12?s3cret@host", ("@ after its host", "%3F")),
        ("amqp://ana:12/s3cret@host/vhost", ("@ after its host",)),
        ("redis://:s3cret/x@host/0", ("@ after its host",)),
        ("https://ana:s3cret@example.com", ("no user name and password", "signed")),
        ("nats://ana:%ff@host", ("not UTF-8", "%25")),
        ("nats://ana:%0d@host", ("control character", "remove it")),
        ("nats://host?subject=a%0d%0aPUB", ("control character", "remove it")),
        ("nats://", ("host that is not valid", "host:port")),
        ("nats://host:0", ("host that is not valid", "1 to 65535")),
        ("nats://host:65536", ("host that is not valid", "1 to 65535")),
        ("kafka://a,,b", ("host that is not valid",)),
        ("amqp://a,b", ("2 hosts", "only kafka and nats")),
        ("redis://host/orders", ("database number", "/0")),
        ("redis://:s3cret@/0", ("no host", "redis:///?stream=")),
        ("rediss:///0", ("no host", "redis:///?stream=")),
        ("nats://host/orders", ("no path", "after the ?")),
        ("kafka://host/orders", ("no path", "after the ?")),
        ("nats://host?topic=x", ("'topic'", "subject, creds_file")),
        ("amqp://host?routing_key={tennant}", ("{tennant}", "{tenant}, {type}, {order_id}")),
        ("amqp://host?routing_key={tenant", ("routing_key has {", "{tenant}")),
        ("redis://host?stream=${lower}", ("{lower}", "$NAME")),
        ("redis://host?maxlen=-1", ("'-1'", "whole number")),
        ("kafka://host?sasl=GSSAPI", ("'GSSAPI'", "PLAIN, SCRAM-SHA-256")),
        ("nats://host?ca_file=x", ("ca_file", "tls://")),
        ("kafka://host?key_file=x", ("key_file", "kafkas://")),
    ],
)
def test_an_error_names_what_was_seen_what_is_allowed_and_what_to_do(url: str, texts: tuple[str, ...]) -> None:
    with pytest.raises(WrongAddress) as caught:
        parse(url)
    text = str(caught.value)
    assert [part for part in texts if part not in text] == []
    assert "s3cret" not in text
    assert len(text) < 300


def test_variables_are_read_from_the_environment() -> None:
    env = {"USER_1": "ana", "WORD": "p@ $WORD/?", "REGION": "eu west/1", "TOKEN": "a&b=c/ü"}
    nats = resolve(parse("nats://$USER_1:${WORD}@host?subject=$REGION.{type}"), env)
    assert (nats.username, nats.password, nats.options["subject"]) == ("ana", "p@ $WORD/?", "eu west/1.{type}")
    hook = resolve(parse("https://example.com/in/${TOKEN}x/$TOKEN?key=$TOKEN&n=1"), env)
    assert hook.path == "/in/a%26b%3Dc/%C3%BCx/a%26b%3Dc/%C3%BC"
    assert hook.query == "key=a%26b%3Dc%2F%C3%BC&n=1"


@pytest.mark.parametrize("written", ["$WORD", "${WORD}"])
@pytest.mark.parametrize("value", [None, "", "s3cret\n", "s3\x00cret"])
def test_a_variable_without_a_value_that_can_be_used_is_named_without_it(written: str, value: str | None) -> None:
    with pytest.raises(WrongAddress, match=r"^WORD ") as caught:
        resolve(parse(f"nats://ana:{written}@host"), {} if value is None else {"WORD": value})
    assert "s3" not in str(caught.value)


@pytest.mark.parametrize(
    ("encoded", "password"),
    [
        ("Pa$WORD", "Pa$WORD"),
        ("%24WORD", "$WORD"),
        ("%24%7BWORD%7D", "${WORD}"),
        ("$word", "$word"),
        ("$Word", "$Word"),
        ("a$$b", "a$$b"),
        ("$WORD$", "$WORD$"),
        ("100%", "100%"),
    ],
)
def test_a_password_with_a_dollar_is_a_secret_and_not_a_variable(encoded: str, password: str) -> None:
    url = f"nats://ana:{encoded}@host"
    public, secrets = split_secrets(url)
    assert (public, list(secrets)) == ("nats://ana@host", ["password"])
    assert resolve(join_secrets(public, secrets), {}).password == password
    assert resolve(parse(url), {}).password == password


def test_dollars_of_a_path_and_of_an_option_are_kept() -> None:
    address = parse("nats://host?subject=%24JS.%24ACK.$$.{type}")
    assert resolve(address, {}).options["subject"] == "$JS.$ACK.$$.{type}"
    assert join_secrets(*split_secrets("nats://host?subject=%24JS.{type}")) == parse("nats://host?subject=%24JS.{type}")
    assert resolve(parse("https://h/$/$$/$a/%24B?c=$"), {}).path == "/$/$$/$a/%24B"


@pytest.mark.parametrize(
    ("url", "public", "names"),
    [
        ("nats://token@host", "nats://host", {"username"}),
        ("nats://token:@host", "nats://host", {"username"}),
        ("redis://password@host/1", "redis://host/1", {"username"}),
        ("amqp://ana:s3cret@host/v%2F1", "amqp://ana@host/v%2F1", {"password"}),
        ("amqp://ana:$WORD@host", "amqp://ana:$WORD@host", set()),
        ("nats://$TOKEN@host", "nats://$TOKEN@host", set()),
        ("kafkas://a%40b:x@h1,h2:1?topic=t", "kafkas://a%40b@h1,h2:1?topic=t", {"password"}),
        ("rediss://:x@[::1]?stream=a:{tenant}", "rediss://[::1]?stream=a:{tenant}", {"password"}),
        ("https://example.com/in?key=s3cret&x=$WORD", "https://example.com/in", {"query"}),
        ("https://example.com/in?s3cret", "https://example.com/in", {"query"}),
        ("https://example.com/in/$ID?key=$WORD&x=${X}", "https://example.com/in/$ID?key=$WORD&x=${X}", set()),
    ],
)
def test_secrets_are_split_from_the_public_url(url: str, public: str, names: set[str]) -> None:
    found, secrets = split_secrets(url)
    assert (found, secrets.keys()) == (public, names)
    assert join_secrets(found, secrets) == parse(url)


def test_the_url_of_a_resolved_webhook_has_everything() -> None:
    address = resolve(parse("https://example.com:443/in/$ID/$$?key=s3cret&x=$WORD"), {"ID": "a b", "WORD": "$$&"})
    assert address.url == "https://example.com/in/a%20b/$$?key=s3cret&x=%24%24%26"
    assert parse("http://[::1]:8080").url == "http://[::1]:8080"


def test_secrets_beside_those_of_the_address_are_ignored() -> None:
    secrets = {"password": "s3cret", "signing": ["whsec_1", "whsec_2"]}
    assert join_secrets("amqp://ana@host", secrets) == parse("amqp://ana:s3cret@host")


def test_a_public_url_that_would_be_too_long_is_refused_at_once() -> None:
    with pytest.raises(WrongAddress, match="at most 2000"):
        split_secrets("nats://" + ",".join(["h"] * 900) + "?subject=" + "ü" * 150)
