"""REDIS_URL: the one place that reads it, for redis-py's clients and for Celery's broker.

`redis://`, `rediss://` (TLS) and `unix://` are redis-py's own, with its query parameters. redis-py knows no address of
Sentinels; ours is the one that others have too: `redis+sentinel://user:password@host1:26379,host2:26379/<name of the
primary>/<db>`, in short `sentinel://`. User and password are those of Redis; `?sentinel_username=…&sentinel_password=…`
those of the Sentinels. `rediss+sentinel://` is the same with TLS, to the Sentinels as to the Redis that they name.

redis-py is imported at use: gunicorn's master imports this file through observability/logs.py, before gevent patches `ssl`.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

if TYPE_CHECKING:
    import redis

_TO_SENTINELS = {"sentinel": False, "redis+sentinel": False, "rediss+sentinel": True}  # whether with TLS
SCHEMES = ("redis", "rediss", "unix", *_TO_SENTINELS)
SENTINEL_PORT = 26379
SENTINEL_SECONDS = 1.0  # then the next one is asked; a host that vanished takes its Sentinel with it
MAX_CONNECTIONS = 50  # a client; without a limit a crowd's were kept for good
WAIT_SECONDS = 5.0  # for one of them, then it is an error like that of an absent Redis
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_OF_SENTINELS = {"sentinel_username": "username", "sentinel_password": "password"}


class WrongAddress(ValueError):
    """What is wrong with an address, and what to write; never what was written, for it may hold a password."""


def connect(url: str, **options: Any) -> redis.Redis:
    """A client that connects at first use; `options` are redis-py's. Raises ValueError for an address that is not valid."""
    import redis

    if _scheme(url) not in _TO_SENTINELS:
        limits = {"max_connections": MAX_CONNECTIONS, "timeout": WAIT_SECONDS}
        return redis.Redis.from_pool(redis.BlockingConnectionPool.from_url(url, **{**limits, **options}))
    from redis.sentinel import Sentinel

    hosts, name, given = _sentinels(url)
    # redis-py has no pool for Sentinels that waits: beyond the limit it raises, so the limit is one that no crowd meets.
    limit, tls = {"max_connections": 10 * MAX_CONNECTIONS}, {"ssl": _TO_SENTINELS[_scheme(url)]}
    sentinels = Sentinel(hosts, sentinel_kwargs=_asked_with(url, given))
    return sentinels.master_for(name, **{**limit, **options, **given, **tls})


def for_celery(url: str) -> dict[str, Any]:
    """The same Redis as Celery is told it: `broker_url`, `broker_use_ssl`, and `transport_options` to add to others.

    Parameters that are not about TLS are redis-py's alone: kombu takes no others, and has its own limits of time.
    """
    from redis.connection import parse_url

    scheme = _scheme(url)
    if scheme in _TO_SENTINELS:
        hosts, name, given = _sentinels(url)
        login, at, _ = url.partition("://")[2].partition("/")[0].rpartition("@")
        each = [f"sentinel://{login}{at}{_in_url(host)}:{port}/{given.get('db', 0)}" for host, port in hosts]
        options = {"master_name": name, "sentinel_kwargs": _asked_with(url, given)}
        tls = _TO_SENTINELS[scheme]
        return {"broker_url": ";".join(each), "broker_use_ssl": tls and _tls(given), "transport_options": options}
    parts, given = urlsplit(url), parse_url(url)
    if scheme == "unix":
        broker = f"redis+socket://{parts.netloc}{parts.path}?virtual_host={given.get('db', 0)}"
    else:
        broker = f"{scheme}://{parts.netloc}/{given.get('db', 0)}"
    return {"broker_url": broker, "broker_use_ssl": scheme == "rediss" and _tls(given), "transport_options": {}}


def check(url: str) -> None:
    """Raises WrongAddress where a client could not even begin to connect."""
    from redis import RedisError
    from redis.connection import parse_url

    try:
        client = connect(url)
        client.connection_pool.make_connection()
        scheme = _scheme(url)
        given = _sentinels(url)[2] if scheme in _TO_SENTINELS else parse_url(url)
    except WrongAddress:
        raise
    except TypeError as error:  # redis-py hands every parameter on to the connection
        name = re.search(r"argument '(\w+)'", str(error))
        raise WrongAddress(_unknown(name.group(1) if name else "?", url)) from None
    except (ValueError, RedisError):
        raise WrongAddress(
            "it cannot be read; write %XX for special characters in a password, and parameters as redis-py spells them"
        ) from None
    if scheme in ("redis", "rediss") and not re.fullmatch(r"(/\d*)?", urlsplit(url).path):
        raise WrongAddress("after the host comes what is no database's number; allowed: /0 and the like")
    for file in _FILES:
        if file in given and not os.access(given[file], os.R_OK):
            raise WrongAddress(f"{file} names {given[file]!r}, a file that cannot be read")


def _unknown(parameter: str, url: str) -> str:
    if parameter.startswith("ssl_") and _scheme(url) not in ("rediss", "rediss+sentinel"):
        return f"its parameter {parameter!r} is for TLS; only rediss:// and rediss+sentinel:// have that"
    return f"its parameter {parameter!r} is none that redis-py knows"


def _scheme(url: str) -> str:
    return url.partition("://")[0]


def _sentinels(url: str) -> tuple[list[tuple[str, int]], str, dict[str, Any]]:
    """Where the Sentinels are, what they call the primary, and redis-py's options for the Redis that they name.

    Taken apart by hand: to newer Pythons' `urlsplit` several hosts, one of them `[::1]`, are no address.
    """
    from redis.connection import parse_url

    place, _, query = url.partition("://")[2].partition("?")
    netloc, _, path = place.partition("/")
    login, at, hosts = netloc.rpartition("@")
    name, _, db = path.strip("/").partition("/")
    each = [urlsplit(f"//{host}") for host in hosts.split(",")]
    if not name or not re.fullmatch(r"\d*", db) or not all(host.hostname for host in each):
        raise WrongAddress(f"it names no primary; write {_scheme(url)}://host1:26379,host2:26379/mymaster/0")
    given = parse_url(f"redis://{login}{at}any/{db}?{query}")
    for foreign in ("host", *_OF_SENTINELS):
        given.pop(foreign, None)
    for option in given:  # redis-py would take `ssl` for the pool's own, and so switch TLS on or off
        if option == "ssl" or (option.startswith("ssl_") and not _TO_SENTINELS[_scheme(url)]):
            raise WrongAddress(_unknown(option, url))
    return [(host.hostname or "", host.port or SENTINEL_PORT) for host in each], unquote(name), given


def _asked_with(url: str, given: dict[str, Any]) -> dict[str, Any]:
    """Options of the connections to the Sentinels. One that does not answer is not asked twice: there are others."""
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    query = parse_qs(url.partition("?")[2])
    login = {option: query[name][0] for name, option in _OF_SENTINELS.items() if name in query}
    limits = {"socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS}
    tls = {"ssl": True, **_tls(given)} if _TO_SENTINELS[_scheme(url)] else {}
    return {**limits, "retry": Retry(NoBackoff(), 0), **login, **tls}


def _tls(given: dict[str, Any]) -> dict[str, Any]:
    """What concerns TLS. Verification is asked for by name: kombu's own default is to believe any certificate."""
    return {"ssl_cert_reqs": "required", **{name: value for name, value in given.items() if name.startswith("ssl_")}}


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else quote(host)
