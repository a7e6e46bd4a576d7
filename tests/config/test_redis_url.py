"""REDIS_URL as it is read: what each address means to redis-py and to Celery, and what is refused in which words."""

from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from webapp.config import Config, ConfigError, redis_url

from ..support.world import Service

GOOD = {"DATABASE_URL": "postgresql://doorbell@db/doorbell", "SECRET_KEY": "0123456789abcdef0123456789abcdef"}


def refusal(url: str) -> str:
    with pytest.raises(ConfigError) as raised:
        Config.from_env(GOOD | {"REDIS_URL": url})
    (fault,) = raised.value.faults
    return fault


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (
            "http://host",
            "REDIS_URL begins with 'http'; allowed: redis, rediss, unix, sentinel, redis+sentinel, rediss+sentinel.",
        ),
        ("redis://host/shop", "no database's number"),
        (
            "redis://host?ssl_ca_certs=/etc/ca.pem",
            "'ssl_ca_certs' is for TLS; only rediss:// and rediss+sentinel:// have that",
        ),
        ("rediss://host?ssl_ca_cert=/etc/ca.pem", "'ssl_ca_cert' is none that redis-py knows"),
        ("rediss://host?ssl_ca_certs=/nowhere/ca.pem", "'/nowhere/ca.pem', a file that cannot be read"),
        ("rediss://host?ssl_cert_reqs=maybe", "parameters as redis-py spells them"),
        ("redis://host?socket_timeout=soon", "parameters as redis-py spells them"),
        ("redis://:hunter2/3@host", "write %XX for special characters in a password"),
        ("redis://:hun#ter2@host", "write %XX for special characters in a password"),
        ("sentinel://host:26379", "it names no primary; write sentinel://host1:26379,host2:26379/mymaster/0"),
        ("sentinel://host,/mymaster", "it names no primary"),
        ("sentinel://host/mymaster/first", "it names no primary"),
        ("rediss+sentinel://host", "it names no primary; write rediss+sentinel://host1:26379,host2:26379/mymaster/0"),
        ("sentinel://:hun#ter2@host/mymaster", "write %XX for special characters in a password"),
        ("sentinel://host/mymaster?ssl_ca_certs=/etc/ca.pem", "'ssl_ca_certs' is for TLS; only rediss:// and rediss+"),
        ("redis+sentinel://host/mymaster?ssl=true", "'ssl' is none that redis-py knows"),
        ("rediss+sentinel://host/mymaster?ssl=false", "'ssl' is none that redis-py knows"),
        ("rediss+sentinel://host/mymaster?ssl_ca_cert=/etc/ca.pem", "'ssl_ca_cert' is none that redis-py knows"),
        (
            "rediss+sentinel://host/mymaster?ssl_ca_certs=/nowhere/ca.pem",
            "'/nowhere/ca.pem', a file that cannot be read",
        ),
        ("rediss+sentinel://host/mymaster?ssl_cert_reqs=maybe", "parameters as redis-py spells them"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_before_anything_starts(url: str, words: str) -> None:
    told = refusal(url)
    assert words in told
    assert "hun" not in told


@pytest.mark.parametrize(
    "url",
    [
        "redis://host",
        "redis://user:pass@host:6379/2?socket_timeout=3&health_check_interval=10",
        "redis://[::1]:6379/1",
        "rediss://host",
        "unix:///run/redis.sock?db=2",
        "sentinel://user:pass@one:26379,two,[::1]:26380/mymaster/3?sentinel_username=u&sentinel_password=p",
        "sentinel://one/mymaster",
        "redis+sentinel://one,two/mymaster",
        "rediss+sentinel://:pass@one,two,[::1]:26380/mymaster/3?ssl_cert_reqs=none&ssl_check_hostname=false",
    ],
)
def test_an_address_that_redis_py_can_use_is_taken(url: str) -> None:
    assert Config.from_env(GOOD | {"REDIS_URL": url}).redis_url == url


def test_celery_verifies_certificates_where_redis_py_does() -> None:
    assert redis_url.for_celery("rediss://host/2") == {
        "broker_url": "rediss://host/2",
        "broker_use_ssl": {"ssl_cert_reqs": "required"},
        "transport_options": {},
    }


def test_celery_is_told_what_redis_py_is_told_of_tls(tmp_path: Path) -> None:
    told = redis_url.for_celery(f"rediss://host?ssl_ca_certs={tmp_path}/ca.pem&ssl_cert_reqs=none&socket_timeout=3")
    assert told["broker_use_ssl"] == {"ssl_ca_certs": f"{tmp_path}/ca.pem", "ssl_cert_reqs": "none"}
    assert told["broker_url"] == "rediss://host/0"


def test_celery_is_told_each_sentinel_and_the_primarys_name() -> None:
    told = redis_url.for_celery("sentinel://ana:pass@one:1,[::1]/mymaster/3?sentinel_password=p")
    assert told["broker_url"] == "sentinel://ana:pass@one:1/3;sentinel://ana:pass@[::1]:26379/3"
    assert told["transport_options"]["master_name"] == "mymaster"
    assert told["transport_options"]["sentinel_kwargs"]["password"] == "p"


def test_what_the_address_says_wins_over_our_own_limits() -> None:
    options = redis_url.connect("redis://host?socket_timeout=9", socket_timeout=5.0).connection_pool.connection_kwargs
    assert options["socket_timeout"] == 9.0


def test_sentinels_are_asked_by_tls_too_and_verified_unless_the_address_says_otherwise() -> None:
    def asked(query: str) -> list[object]:
        pool: Any = redis_url.connect(f"rediss+sentinel://one,two/mymaster{query}").connection_pool
        primary = pool.make_connection()
        one = pool.sentinel_manager.sentinels[1].connection_pool.make_connection()
        return [(link.cert_reqs, link.check_hostname, link.ca_certs) for link in (primary, one)]

    assert asked("") == [(ssl.CERT_REQUIRED, True, None)] * 2
    assert asked("?ssl_check_hostname=no&ssl_ca_certs=ca") == [(ssl.CERT_REQUIRED, False, "ca")] * 2
    assert asked("?ssl_cert_reqs=none") == [(ssl.CERT_NONE, False, None)] * 2


def test_celery_is_told_of_tls_for_the_sentinels_as_for_the_redis_behind_them() -> None:
    told = redis_url.for_celery("rediss+sentinel://:pass@one,two/mymaster/3?ssl_ca_certs=ca&socket_timeout=3")
    assert told["broker_url"] == "sentinel://:pass@one:26379/3;sentinel://:pass@two:26379/3"
    assert told["broker_use_ssl"] == {"ssl_cert_reqs": "required", "ssl_ca_certs": "ca"}
    asked = told["transport_options"]["sentinel_kwargs"]
    assert {name: asked[name] for name in asked if "ssl" in name} == {"ssl": True, **told["broker_use_ssl"]}
    plain = redis_url.for_celery("redis+sentinel://one/mymaster")
    assert plain["broker_use_ssl"] is False
    assert not any("ssl" in name for name in plain["transport_options"]["sentinel_kwargs"])


@pytest.mark.parametrize("url", ["redis://host", "rediss://host", "unix:///run/redis.sock", "sentinel://one/mymaster"])
def test_a_clients_connections_have_a_limit(url: str) -> None:
    assert redis_url.connect(url).connection_pool.max_connections <= 10 * redis_url.MAX_CONNECTIONS
    more = f"{url}{'&' if '?' in url else '?'}max_connections=7"
    assert redis_url.connect(more).connection_pool.max_connections == 7


def test_a_crowd_shares_the_connections_and_waits_for_them(service: Service) -> None:
    client = redis_url.connect(f"{service.redis_url}?max_connections=3&client_name=crowd")
    with ThreadPoolExecutor(40) as crowd:
        answers = list(crowd.map(lambda _: client.ping(), range(400)))
    assert answers == [True] * 400
    with client as asking:
        assert 1 <= [one["name"] for one in asking.client_list()].count("crowd") <= 3
