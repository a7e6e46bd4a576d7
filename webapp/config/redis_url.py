"""REDIS_URL: its checks, redis-py's clients, and the settings of Celery's broker.

`redis://`, `rediss://` (TLS) and `unix://` are redis-py's own, with its query parameters. redis-py has no address for
Sentinels. Ours is a common one: `redis+sentinel://user:password@host1:26379,host2:26379/<name of the primary>/<db>`, in short
`sentinel://`. User and password are those of Redis; `?sentinel_username=…&sentinel_password=…` are those of the Sentinels.
`rediss+sentinel://` is the same with TLS, to the Sentinels and to Redis.

redis-py is imported at use: gunicorn's master imports this file through observability/logs.py, before gevent patches `ssl`.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

if TYPE_CHECKING:
    import redis

# Scheme -> whether with TLS.
_TO_SENTINELS = {"sentinel": False, "redis+sentinel": False, "rediss+sentinel": True}
SCHEMES = ("redis", "rediss", "unix", *_TO_SENTINELS)
SENTINEL_PORT = 26379
# Timeout per Sentinel, before the next one: a vanished host does not answer.
SENTINEL_SECONDS = 1.0
# Per client. Without a limit, the connections of a crowd would never be closed.
MAX_CONNECTIONS = 50
# The wait for a free connection; after it, an error like that of an absent Redis is raised.
WAIT_SECONDS = 5.0
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_OF_SENTINELS = {"sentinel_username": "username", "sentinel_password": "password"}


class WrongRedisUrl(ValueError):
    """The fault of an address and what to write. The text never shows the address, because it may hold a password."""


def connect(url: str, **options: Any) -> redis.Redis:
    """A client that connects at first use; `options` are redis-py's. Raises ValueError for an address that is not valid."""
    import redis

    if _scheme(url) not in _TO_SENTINELS:
        limits = {"max_connections": MAX_CONNECTIONS, "timeout": WAIT_SECONDS}
        return redis.Redis.from_pool(redis.BlockingConnectionPool.from_url(url, **{**limits, **options}))
    from redis.sentinel import Sentinel

    hosts, name, given = _sentinels(url)
    # redis-py's pool for Sentinels raises beyond its limit instead of waiting, so no crowd may reach this limit.
    limit, tls = {"max_connections": 10 * MAX_CONNECTIONS}, {"ssl": _TO_SENTINELS[_scheme(url)]}
    sentinels = Sentinel(hosts, sentinel_kwargs=_sentinel_options(url, given))
    return sentinels.master_for(name, **{**limit, **options, **given, **tls})


def for_celery(url: str) -> dict[str, Any]:
    """Celery's settings for the same Redis: `broker_url`, `broker_use_ssl`, and `transport_options` to merge into others.

    Query parameters other than those of TLS are left out: kombu does not accept them, and has its own timeouts.
    """
    from redis.connection import parse_url

    scheme = _scheme(url)
    if scheme in _TO_SENTINELS:
        hosts, name, given = _sentinels(url)
        login, at, _ = url.partition("://")[2].partition("/")[0].rpartition("@")
        each = [f"sentinel://{login}{at}{_quoted_host(host)}:{port}/{given.get('db', 0)}" for host, port in hosts]
        options = {"master_name": name, "sentinel_kwargs": _sentinel_options(url, given)}
        tls = _TO_SENTINELS[scheme]
        return {"broker_url": ";".join(each), "broker_use_ssl": tls and _tls(given), "transport_options": options}
    parts, given = urlsplit(url), parse_url(url)
    if scheme == "unix":
        broker = f"redis+socket://{parts.netloc}{parts.path}?virtual_host={given.get('db', 0)}"
    else:
        broker = f"{scheme}://{parts.netloc}/{given.get('db', 0)}"
    return {"broker_url": broker, "broker_use_ssl": scheme == "rediss" and _tls(given), "transport_options": {}}


def check(url: str) -> None:
    """Raises WrongRedisUrl for an address that a client cannot use even to start a connection."""
    from redis import RedisError
    from redis.connection import parse_url

    try:
        client = connect(url)
        client.connection_pool.make_connection()
        scheme = _scheme(url)
        given = _sentinels(url)[2] if scheme in _TO_SENTINELS else parse_url(url)
    except WrongRedisUrl:
        raise
    except TypeError as error:
        # redis-py passes every parameter to the connection.
        name = re.search(r"argument '(\w+)'", str(error))
        raise WrongRedisUrl(_unknown(name.group(1) if name else "?", url)) from None
    except (ValueError, RedisError):
        raise WrongRedisUrl(
            "it cannot be read; write %XX for special characters in a password, and parameters as redis-py spells them"
        ) from None
    if scheme in ("redis", "rediss") and not re.fullmatch(r"(/\d*)?", urlsplit(url).path):
        raise WrongRedisUrl("the path must be a database number, such as /0")
    for file in _FILES:
        if file in given and not os.access(given[file], os.R_OK):
            raise WrongRedisUrl(f"{file} names {given[file]!r}, a file that cannot be read")


def _unknown(parameter: str, url: str) -> str:
    if parameter.startswith("ssl_") and _scheme(url) not in ("rediss", "rediss+sentinel"):
        return f"its parameter {parameter!r} is for TLS; allowed with rediss:// and rediss+sentinel:// only"
    return f"its parameter {parameter!r} is not a redis-py parameter"


def _scheme(url: str) -> str:
    return url.partition("://")[0]


def _sentinels(url: str) -> tuple[list[tuple[str, int]], str, dict[str, Any]]:
    """The hosts and ports of the Sentinels, the name of the primary, and redis-py's options for its Redis.

    Parsed by hand, because `urlsplit` of newer Pythons refuses several hosts of which one is `[::1]`.
    """
    from redis.connection import parse_url

    place, _, query = url.partition("://")[2].partition("?")
    netloc, _, path = place.partition("/")
    login, at, hosts = netloc.rpartition("@")
    name, _, db = path.strip("/").partition("/")
    each = [urlsplit(f"//{host}") for host in hosts.split(",")]
    if not name or not re.fullmatch(r"\d*", db) or not all(host.hostname for host in each):
        raise WrongRedisUrl(f"it names no primary; write {_scheme(url)}://host1:26379,host2:26379/mymaster/0")
    given = parse_url(f"redis://{login}{at}any/{db}?{query}")
    for foreign in ("host", *_OF_SENTINELS):
        given.pop(foreign, None)
    # redis-py would use `ssl` as an option of the pool, which switches TLS on or off.
    for option in given:
        if option == "ssl" or (option.startswith("ssl_") and not _TO_SENTINELS[_scheme(url)]):
            raise WrongRedisUrl(_unknown(option, url))
    return [(host.hostname or "", host.port or SENTINEL_PORT) for host in each], unquote(name), given


def _sentinel_options(url: str, given: dict[str, Any]) -> dict[str, Any]:
    """Options of the connections to the Sentinels, without retries: if one does not answer, there are others."""
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    query = parse_qs(url.partition("?")[2])
    login = {option: query[name][0] for name, option in _OF_SENTINELS.items() if name in query}
    limits = {"socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS}
    tls = {"ssl": True, **_tls(given)} if _TO_SENTINELS[_scheme(url)] else {}
    return {**limits, "retry": Retry(NoBackoff(), 0), **login, **tls}


def _tls(given: dict[str, Any]) -> dict[str, Any]:
    """The options of TLS. Verification is explicit, because kombu accepts any certificate by default."""
    return {"ssl_cert_reqs": "required", **{name: value for name, value in given.items() if name.startswith("ssl_")}}


def _quoted_host(host: str) -> str:
    return f"[{host}]" if ":" in host else quote(host)
