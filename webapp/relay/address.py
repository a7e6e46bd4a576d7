"""The address of a destination: a URL with a scheme per kind, its names in the query, and its secrets.

    redis://host:6379/0?stream=doorbell:{tenant}:orders      redis:///?stream=… for Doorbell's own Redis
    nats://user:$NATS_PASSWORD@host:4222?subject=doorbell.{tenant}.orders.{type}
    amqps://user:$PASSWORD@host/vhost?exchange=doorbell&routing_key={tenant}.order.{type}
    kafka://host:9092,host2:9092?topic=doorbell.orders
    https://example.com/hooks/doorbell

A variable, `$NAME` or `${NAME}` in capitals, is read from the environment of the relay worker: as a whole user name or
password, or anywhere in a path, in an option or in the query of a webhook. Write a dollar itself as %24.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

REDIS, NATS, AMQP, KAFKA, WEBHOOK = "redis", "nats", "amqp", "kafka", "webhook"
_SCHEMES = {
    "redis": (REDIS, False, 6379),
    "rediss": (REDIS, True, 6379),
    "nats": (NATS, False, 4222),
    "tls": (NATS, True, 4222),
    "amqp": (AMQP, False, 5672),
    "amqps": (AMQP, True, 5671),
    "kafka": (KAFKA, False, 9092),
    "kafkas": (KAFKA, True, 9093),
    "http": (WEBHOOK, False, 80),
    "https": (WEBHOOK, True, 443),
}
_TLS_OPTIONS = {"ca_file": "", "cert_file": "", "key_file": ""}
# The options of each kind with their defaults; "" means not set.
OPTIONS: dict[str, dict[str, str]] = {
    REDIS: {"stream": "doorbell:{tenant}:orders", "maxlen": "", **_TLS_OPTIONS},
    NATS: {"subject": "doorbell.{tenant}.orders.{type}", "creds_file": "", **_TLS_OPTIONS},
    AMQP: {"exchange": "doorbell", "routing_key": "{tenant}.order.{type}", **_TLS_OPTIONS},
    KAFKA: {"topic": "doorbell.orders", "sasl": "", **_TLS_OPTIONS},
}
_SASL = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_PLACEHOLDERS = ("{tenant}", "{type}", "{order_id}")
# Not a part of a longer word, such as $Token.
VARIABLE = re.compile(r"\$(?:\{([A-Z_][A-Z0-9_]*)\}|([A-Z_][A-Z0-9_]*+)(?![a-z]))")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
VARIABLE_OR_DOLLAR = re.compile(rf"{VARIABLE.pattern}|\$\$?")
MAX_URL_CHARS = 2000


class WrongAddress(Exception):
    """The address cannot be used. The message has what was seen, what is allowed and what to do, and no secret."""


@dataclass(frozen=True)
class Address:
    """A parsed address. It may have clear secrets; its `repr` and `place` have none.

    `hosts` is empty for Doorbell's own Redis. `path` begins with "/" or is ""; for AMQP it is the virtual host, for Redis the
    database. `query` is a webhook's; the other kinds have `options`, in which each known option is present. Path and query
    are percent-encoded, the other texts are not. Until address_secrets.resolve they have variables, and `$$` is a dollar.
    """

    kind: str
    tls: bool
    hosts: tuple[tuple[str, int], ...]
    path: str = field(default="", repr=False)
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: str = field(default="", repr=False)

    @property
    def place(self) -> str:
        """The hosts with their ports: "a:4222, b:4222"."""
        return ", ".join(_host_and_port(host) for host in self.hosts) or "Doorbell's own Redis"

    @property
    def url(self) -> str:
        """The whole URL of a resolved webhook, with its secrets, for an HTTP request; never logged."""
        return url_of(self, "", self.path, self.query)


def parse(url: str) -> Address:
    """The address of a URL; variables stay unread. Raises WrongAddress."""
    if len(url) > MAX_URL_CHARS:
        raise WrongAddress(f"the address has {len(url)} characters; at most {MAX_URL_CHARS} are allowed")
    if " " in url or not url.isprintable():
        raise WrongAddress("the address has a blank or a control character; write it percent-encoded (%20)")
    kind, tls, port, rest = _scheme(url)
    rest, _, fragment = rest.partition("#")
    if fragment:
        raise WrongAddress("the address has a # part; write a # of a name or password as %23")
    rest, _, query = rest.partition("?")
    place, slash, path = rest.partition("/")
    user, at, hosts = place.rpartition("@")
    username, _, password = user.partition(":")
    if kind == WEBHOOK and at:
        raise WrongAddress("a webhook's address has no user name and password; requests are signed instead")
    if kind != WEBHOOK and "@" in path + query:
        # Not shown: where a password has a / or ?, this has the rest of it.
        raise WrongAddress("the address has an @ after its host; write an @, / or ? of a password as %40, %2F or %3F")
    address = Address(
        kind,
        tls,
        _hosts(hosts, kind, port),
        _template(slash + path),
        _credential(username),
        _credential(password),
        {} if kind == WEBHOOK else _options(kind, query),
        _template(query) if kind == WEBHOOK else "",
    )
    _check(address)
    return address


def url_of(address: Address, user: str, path: str, query: str) -> str:
    """The URL of an address with these parts in place of its own. Default ports are left out."""
    scheme, port = next(
        (name, port) for name, (kind, tls, port) in _SCHEMES.items() if (kind, tls) == (address.kind, address.tls)
    )
    hosts = ",".join(_host_and_port(host, port) for host in address.hosts)
    return f"{scheme}://{f'{user}@' if user else ''}{hosts}{path}{f'?{query}' if query else ''}"


def _scheme(url: str) -> tuple[str, bool, int, str]:
    """The kind, whether it uses TLS, its port, and the rest of the URL."""
    scheme, separator, rest = url.partition("://")
    if not separator or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,39}", scheme):
        # Not shown, because this may be the whole URL.
        raise WrongAddress(f"the address does not begin with a scheme and ://; allowed: {', '.join(_SCHEMES)}")
    if scheme.lower() not in _SCHEMES:
        raise WrongAddress(f"{scheme!r} is not a scheme of a destination; allowed: {', '.join(_SCHEMES)}")
    return *_SCHEMES[scheme.lower()], rest


def _template(encoded: str) -> str:
    """The text with each dollar doubled that does not begin a variable."""
    return VARIABLE_OR_DOLLAR.sub(lambda found: found[0] if found[1] or found[2] else found[0] * 2, encoded)


def _credential(encoded: str) -> str:
    """A user name or password: a variable, or a text whose dollars are only dollars."""
    return encoded if VARIABLE.fullmatch(encoded) else _decoded(encoded).replace("$", "$$")


def _decoded(encoded: str) -> str:
    try:
        text = unquote(encoded, errors="strict")
    except UnicodeDecodeError:
        raise WrongAddress("the address has a %-code that is not UTF-8; write a % itself as %25") from None
    if CONTROL.search(text):
        raise WrongAddress("the address has the %-code of a control character; remove it")
    return text


def _host_and_port(host: tuple[str, int], default_port: int | None = None) -> str:
    """ "host:99", or "host" with the default port."""
    name, port = host
    return (f"[{name}]" if ":" in name else name) + ("" if port == default_port else f":{port}")


def _hosts(text: str, kind: str, default_port: int) -> tuple[tuple[str, int], ...]:
    if not text and kind == REDIS:
        return ()
    names = text.split(",")
    if len(names) > 1 and kind not in (KAFKA, NATS):
        raise WrongAddress(f"the address has {len(names)} hosts; only kafka and nats take several, separated by commas")
    return tuple(_host(name, default_port) for name in names)


def _host(text: str, default_port: int) -> tuple[str, int]:
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]%\\]+)(?::([0-9]{1,5}))?", text)
    if match is None or not 1 <= int(match[2] or default_port) <= 65535:
        # Not shown: where a password has a / or @, this is a part of it.
        raise WrongAddress(
            "the address has a host that is not valid; write host:port with a port from 1 to 65535, and an @, : or / of a "
            "user name or password percent-encoded (%40, %3A, %2F)"
        )
    return match[1].strip("[]"), int(match[2] or default_port)


def _options(kind: str, query: str) -> dict[str, str]:
    _decoded(query)
    given = parse_qsl(_template(query).replace("%24", "$$"), keep_blank_values=True)
    known = OPTIONS[kind]
    for name, value in given:
        if name not in known:
            raise WrongAddress(f"{name[:40]!r} is not an option of {kind}; allowed: {', '.join(known)}")
        for part in re.findall(r"\{[^{}]*\}|[{}]", VARIABLE.sub("", value)):
            if part not in _PLACEHOLDERS:
                raise WrongAddress(
                    f"{name} has {part[:40]}; allowed: {', '.join(_PLACEHOLDERS)}, and variables as $NAME"
                )
    return {**known, **{name: value for name, value in given if value}}


def _check(address: Address) -> None:
    kind, options = address.kind, address.options
    if kind == REDIS and not re.fullmatch(r"(/[0-9]{0,4})?", address.path):
        raise WrongAddress("the path of a redis address is a database number, such as /0")
    if kind == REDIS and not address.hosts and (address.tls or address.username or address.password):
        raise WrongAddress("the address has no host; name one, or write redis:///?stream=… for Doorbell's own Redis")
    if kind in (NATS, KAFKA) and address.path not in ("", "/"):
        raise WrongAddress(f"a {kind} address has no path; name the topic or subject after the ?")
    if options.get("maxlen") and not re.fullmatch(r"[1-9][0-9]{0,11}", options["maxlen"]):
        raise WrongAddress(f"maxlen is {options['maxlen'][:40]!r}; allowed: a whole number of entries from 1")
    if options.get("sasl") and options["sasl"] not in _SASL:
        raise WrongAddress(f"sasl is {options['sasl'][:40]!r}; allowed: {', '.join(_SASL)}")
    if not address.tls and (unused := [name for name in _TLS_OPTIONS if options.get(name)]):
        encrypted = next(name for name, (its_kind, tls, _) in _SCHEMES.items() if (its_kind, tls) == (kind, True))
        raise WrongAddress(f"{unused[0]} is an option of TLS; begin the address with {encrypted}://, or remove it")
