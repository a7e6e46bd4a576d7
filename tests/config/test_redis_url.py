"""REDIS_URL: the meaning of each address for redis-py and Celery, and the messages for invalid ones."""

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
        ("redis://host/shop", "the path must be a database number, such as /0"),
        (
            "redis://host?ssl_ca_certs=/etc/ca.pem",
            "'ssl_ca_certs' is for TLS; allowed with rediss:// and rediss+sentinel:// only",
        ),
        ("rediss://host?ssl_ca_cert=/etc/ca.pem", "'ssl_ca_cert' is not a redis-py parameter"),
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
        (
            "sentinel://host/mymaster?ssl_ca_certs=/etc/ca.pem",
            "'ssl_ca_certs' is for TLS; allowed with rediss:// and rediss+",
        ),
        ("redis+sentinel://host/mymaster?ssl=true", "'ssl' is not a redis-py parameter"),
        ("rediss+sentinel://host/mymaster?ssl=false", "'ssl' is not a redis-py parameter"),
        ("rediss+sentinel://host/mymaster?ssl_ca_cert=/etc/ca.pem", "'ssl_ca_cert' is not a redis-py parameter"),
        (
            "rediss+sentinel://host/mymaster?ssl_ca_certs=/nowhere/ca.pem",
            "'/nowhere/ca.pem', a file that cannot be read",
        ),
        ("rediss+sentinel://host/mymaster?ssl_cert_reqs=maybe", "parameters as redis-py spells them"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_before_anything_starts(url: str, words: str) -> None:
    message = refusal(url)
    assert words in message
    assert "hun" not in message


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
def test_an_address_that_redis_py_can_use_is_accepted(url: str) -> None:
    assert Config.from_env(GOOD | {"REDIS_URL": url}).redis_url == url


def test_celery_verifies_certificates_where_redis_py_does() -> None:
    assert redis_url.for_celery("rediss://host/2") == {
        "broker_url": "rediss://host/2",
        "broker_use_ssl": {"ssl_cert_reqs": "required"},
        "transport_options": {},
    }


def test_celery_gets_the_tls_options_of_the_address(tmp_path: Path) -> None:
    settings = redis_url.for_celery(f"rediss://host?ssl_ca_certs={tmp_path}/ca.pem&ssl_cert_reqs=none&socket_timeout=3")
    assert settings["broker_use_ssl"] == {"ssl_ca_certs": f"{tmp_path}/ca.pem", "ssl_cert_reqs": "none"}
    assert settings["broker_url"] == "rediss://host/0"


def test_celery_gets_each_sentinel_and_the_name_of_the_primary() -> None:
    settings = redis_url.for_celery("sentinel://ana:pass@one:1,[::1]/mymaster/3?sentinel_password=p")
    assert settings["broker_url"] == "sentinel://ana:pass@one:1/3;sentinel://ana:pass@[::1]:26379/3"
    assert settings["transport_options"]["master_name"] == "mymaster"
    assert settings["transport_options"]["sentinel_kwargs"]["password"] == "p"


def test_parameters_of_the_address_override_our_limits() -> None:
    options = redis_url.connect("redis://host?socket_timeout=9", socket_timeout=5.0).connection_pool.connection_kwargs
    assert options["socket_timeout"] == 9.0


def test_connections_to_sentinels_use_tls_with_verification_by_default() -> None:
    def verification(query: str) -> list[object]:
        pool: Any = redis_url.connect(f"rediss+sentinel://one,two/mymaster{query}").connection_pool
        primary = pool.make_connection()
        one = pool.sentinel_manager.sentinels[1].connection_pool.make_connection()
        return [(link.cert_reqs, link.check_hostname, link.ca_certs) for link in (primary, one)]

    assert verification("") == [(ssl.CERT_REQUIRED, True, None)] * 2
    assert verification("?ssl_check_hostname=no&ssl_ca_certs=ca") == [(ssl.CERT_REQUIRED, False, "ca")] * 2
    assert verification("?ssl_cert_reqs=none") == [(ssl.CERT_NONE, False, None)] * 2


def test_celery_uses_tls_for_the_sentinels_and_for_their_redis() -> None:
    settings = redis_url.for_celery("rediss+sentinel://:pass@one,two/mymaster/3?ssl_ca_certs=ca&socket_timeout=3")
    assert settings["broker_url"] == "sentinel://:pass@one:26379/3;sentinel://:pass@two:26379/3"
    assert settings["broker_use_ssl"] == {"ssl_cert_reqs": "required", "ssl_ca_certs": "ca"}
    options = settings["transport_options"]["sentinel_kwargs"]
    assert {name: options[name] for name in options if "ssl" in name} == {"ssl": True, **settings["broker_use_ssl"]}
    plain = redis_url.for_celery("redis+sentinel://one/mymaster")
    assert plain["broker_use_ssl"] is False
    assert not any("ssl" in name for name in plain["transport_options"]["sentinel_kwargs"])


@pytest.mark.parametrize("url", ["redis://host", "rediss://host", "unix:///run/redis.sock", "sentinel://one/mymaster"])
def test_a_clients_connections_have_a_limit(url: str) -> None:
    assert redis_url.connect(url).connection_pool.max_connections <= 10 * redis_url.MAX_CONNECTIONS
    more = f"{url}{'&' if '?' in url else '?'}max_connections=7"
    assert redis_url.connect(more).connection_pool.max_connections == 7


def test_a_crowd_waits_for_the_connections_and_shares_them(service: Service) -> None:
    client = redis_url.connect(f"{service.redis_url}?max_connections=3&client_name=crowd")
    with ThreadPoolExecutor(40) as crowd:
        answers = list(crowd.map(lambda _: client.ping(), range(400)))
    assert answers == [True] * 400
    with client as asking:
        assert 1 <= [one["name"] for one in asking.client_list()].count("crowd") <= 3
