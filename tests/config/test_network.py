"""Insecure configurations are not served to other machines, unless the operator allows it."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis
from gunicorn.config import Config as GunicornConfig

from webapp import create_app
from webapp.accounts import proxy_warning
from webapp.config import CANNOT_START
from webapp.config.network import insecure, reaches_beyond
from webapp.launcher.settings import LaunchRefused, Settings

from ..conftest import config_for
from ..support.doctor import examined
from ..support.world import Service, World

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("bind", "beyond"),
    [
        ("127.0.0.1:8000", False),
        ("127.0.0.1", False),
        ("127.9.9.9:80", False),
        ("localhost:8000", False),
        ("[::1]:8000", False),
        ("tcp://127.0.0.1:8000", False),
        ("unix:/run/doorbell.sock", False),
        ("unix:///run/doorbell.sock", False),
        ("fd://3", False),
        ("0.0.0.0:8000", True),
        ("0.0.0.0", True),  # noqa: S104
        (":8000", True),
        ("[::]:8000", True),
        ("192.0.2.7:8000", True),
        ("board.example.com:8000", True),
    ],
)
def test_addresses_that_other_machines_reach(bind: str, beyond: bool) -> None:
    assert reaches_beyond(bind) is beyond


def test_the_message_names_each_insecure_setting() -> None:
    assert insecure("0.0.0.0:80", demo=False, cookie_secure=True) == ""
    assert "/demo" in (demo := insecure("0.0.0.0:80", demo=True, cookie_secure=True))
    assert "cookies" not in demo
    both = insecure("0.0.0.0:80", demo=True, cookie_secure=False)
    assert "BIND is '0.0.0.0:80'" in both
    assert "/demo and COOKIE_SECURE=0 sends" in both


def served(service: Service, bind: str, env: dict[str, str]) -> None:
    """Run the check of gunicorn.conf.py as in a worker on this address. No socket is opened."""
    gunicorn = GunicornConfig()
    gunicorn.set("bind", bind.split(","))
    worker = SimpleNamespace(cfg=gunicorn, wsgi=create_app(config_for(service, **env)))
    runpy.run_path(str(ROOT / "gunicorn.conf.py"))["refuse_an_insecure_network"](worker)


@pytest.mark.parametrize("env", [{"DOORBELL_DEMO": "1"}, {"DOORBELL_DEMO": "0", "COOKIE_SECURE": "0"}])
def test_a_worker_ends_where_gunicorn_has_an_insecure_address(
    service: Service, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for bind in ("0.0.0.0:8123", "127.0.0.1:8122,0.0.0.0:8123"):
        with pytest.raises(SystemExit) as ended:
            served(service, bind, env)
        assert ended.value.code == CANNOT_START
        message = capsys.readouterr().err
        assert message.startswith("Doorbell cannot start: BIND is '0.0.0.0:8123', which other machines reach")
        assert "ALLOW_INSECURE_NETWORK=1" in message


@pytest.mark.parametrize(
    ("bind", "env"),
    [
        ("0.0.0.0:8123", {"DOORBELL_DEMO": "0"}),
        ("0.0.0.0:8123", {"ALLOW_INSECURE_NETWORK": "1"}),
        ("127.0.0.1:8123", {"DOORBELL_DEMO": "1"}),
    ],
)
def test_secure_cookies_permission_or_loopback_allow_the_address(
    service: Service, bind: str, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    served(service, bind, env)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "env",
    [
        {"BIND": "0.0.0.0:8000"},
        {"BIND": ":8000", "DOORBELL_DEMO": "0", "COOKIE_SECURE": "0"},
        {"BIND": "192.0.2.1", "COOKIE_SECURE": "1"},
    ],
)
def test_make_run_refuses_before_it_starts_a_process(tmp_path: Path, env: dict[str, str]) -> None:
    with pytest.raises(LaunchRefused, match="which other machines reach"):
        Settings.from_env(env)
    Settings.from_env(env | {"ALLOW_INSECURE_NETWORK": "1"})
    Settings.from_env({**env, "BIND": "127.0.0.1:8000"})
    Settings.from_env({**env, "DOORBELL_DEMO": "0", "COOKIE_SECURE": "1"})


def test_the_doctor_warns_of_an_insecure_network_that_was_allowed(service: Service) -> None:
    found = examined(service, BIND="0.0.0.0:8000", ALLOW_INSECURE_NETWORK="1")
    found.says("sign-in", "warn", "DOORBELL_DEMO=1 signs every visitor in at /demo", "Set BIND")
    assert config_for(service, BIND="127.0.0.1:8000").insecure() == ""
    assert os.environ.get("BIND") is None, "guard: the environment of the tests has no BIND"


def test_the_doctor_warns_of_an_unconfigured_proxy_and_of_a_disabled_trigger(service: Service, world: World) -> None:
    with redis.Redis.from_url(service.redis_url) as client:
        client.set(proxy_warning.KEY, "10.0.0.2")
    world.conn.execute("ALTER TABLE users DISABLE TRIGGER users_updated")
    found = examined(service)
    found.says("sign-in", "warn", "X-Forwarded-For came from '10.0.0.2'", "Set TRUSTED_PROXIES")
    found.says("sign-in", "warn", "users_updated on users is missing or disabled", "ENABLE TRIGGER users_updated")
