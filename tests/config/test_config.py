"""Config: defaults, values of the environment, and messages for all faults at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from webapp.config import CANNOT_START, Config, ConfigError

from ..support.ports import free_port

ROOT = Path(__file__).parents[2]
GOOD = {
    "DATABASE_URL": "postgresql://doorbell@db/doorbell",
    "REDIS_URL": "redis://redis:6379/0",
    "SECRET_KEY": "0123456789abcdef0123456789abcdef",
}


def faults(**changes: str | None) -> list[str]:
    env = {name: value for name, value in (GOOD | changes).items() if value is not None}
    with pytest.raises(ConfigError) as raised:
        Config.from_env(env)
    assert all(fault in str(raised.value) for fault in raised.value.faults)
    return raised.value.faults


def test_production_is_the_default_with_cookies_for_https_only() -> None:
    config = Config.from_env(GOOD)
    assert (config.demo, config.cookie_secure) == (False, True)


def test_the_scheme_postgres_is_accepted() -> None:
    config = Config.from_env(GOOD | {"DATABASE_URL": "postgres://doorbell@db/doorbell"})
    assert config.database_url == GOOD["DATABASE_URL"]


def test_all_faults_are_reported_at_once() -> None:
    found = faults(
        DATABASE_URL=None, REDIS_URL="http://redis", SECRET_KEY=None, DOORBELL_DEMO="maybe", STREAM_MAX_SECONDS="0"
    )
    assert {fault.split()[0] for fault in found} == {
        "DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "DOORBELL_DEMO",
        "STREAM_MAX_SECONDS",
    }


@pytest.mark.parametrize("key", [None, "", "short"])
def test_a_missing_or_short_secret_key_is_refused(key: str | None) -> None:
    (message,) = faults(SECRET_KEY=key)
    assert "secrets.token_hex" in message


def test_a_fault_never_shows_a_secret() -> None:
    found = faults(DATABASE_URL="mysql://user:hunter2@db/x", SECRET_KEY="hunter2")
    assert "hunter2" not in " ".join(found)


@pytest.mark.parametrize("seconds", ["soon", "-1", "0.5", "nan", "inf"])
def test_an_invalid_number_of_seconds_is_refused(seconds: str) -> None:
    (message,) = faults(STREAM_MAX_SECONDS=seconds)
    assert repr(seconds) in message


@pytest.mark.parametrize("days", ["31", "-400", "36501", "400.5", "a year", "٤٠٠", "9" * 30])
def test_a_retention_that_is_too_short_or_invalid_is_refused(days: str) -> None:
    (message,) = faults(RETENTION_DAYS=days)
    assert repr(days) in message
    assert "from 32 to 36500" in message


def test_events_are_kept_400_days_by_default() -> None:
    assert Config.from_env(GOOD).retention_days == 400
    assert Config.from_env(GOOD | {"RETENTION_DAYS": "32"}).retention_days == 32


def test_the_audit_log_is_kept_for_two_years_by_default_and_three_months_at_least() -> None:
    assert Config.from_env(GOOD).audit_retention_months == 24
    (message,) = faults(AUDIT_RETENTION_MONTHS="2")
    assert message.startswith("AUDIT_RETENTION_MONTHS is '2'; allowed: a whole number from 3 to 1200.")


@pytest.mark.parametrize("size", ["0", "2001", "1.5", "big"])
def test_the_size_of_uploads_has_limits(size: str) -> None:
    (message,) = faults(IMPORT_MAX_MB=size)
    assert message.startswith(f"IMPORT_MAX_MB is '{size}'; allowed: a whole number from 1 to 2000.")
    assert Config.from_env(GOOD).import_max_mb == 100


def test_uploads_are_kept_for_a_time_within_its_limits() -> None:
    for days in ("0", "4000", "x"):
        (message,) = faults(IMPORT_KEEP_DAYS=days)
        assert message.startswith(f"IMPORT_KEEP_DAYS is '{days}'; allowed: a whole number from 1 to 3650.")
    assert Config.from_env(GOOD).import_keep_days == 14


def test_invitations_are_valid_for_a_week_unless_configured() -> None:
    assert Config.from_env(GOOD).invitation_days == 7
    for days in ("0", "91", "a week"):
        (message,) = faults(INVITATION_DAYS=days)
        assert message.startswith(f"INVITATION_DAYS is '{days}'; allowed: a whole number from 1 to 90.")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LOG_FORMAT", "xml", "LOG_FORMAT is 'xml'; allowed: logfmt, json, console."),
        ("LOG_LEVEL", "loud", "LOG_LEVEL is 'loud'; allowed: DEBUG, INFO, WARNING, ERROR, CRITICAL."),
        (
            "LISTENER_METRICS_PORT",
            "99999",
            "LISTENER_METRICS_PORT is '99999'; allowed: a whole number from 0 to 65535.",
        ),
        ("WORKER_METRICS_PORT", "-1", "WORKER_METRICS_PORT is '-1'; allowed: a whole number from 0 to 65535."),
        ("METRICS_TOKEN", "hunter2", "METRICS_TOKEN has 7 characters; at least 16 are needed."),
        ("METRICS_TOKEN", "hunter2 hunter2 hunter2", "METRICS_TOKEN has a blank"),
    ],
)
def test_an_invalid_setting_of_logs_or_metrics_is_refused_with_the_allowed_values(
    name: str, value: str, words: str
) -> None:
    (message,) = faults(**{name: value})
    assert message.startswith(words)
    assert "hunter2" not in message


def test_logs_and_metrics_have_defaults_and_log_levels_ignore_case() -> None:
    config = Config.from_env(GOOD | {"LOG_LEVEL": "debug"})
    assert (config.log_format, config.log_level) == (None, "DEBUG")
    assert (config.metrics_token, config.listener_metrics_port, config.worker_metrics_port) == ("", 0, 0)
    assert config.metrics_host == "127.0.0.1"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "db.example"])  # noqa: S104 - refused
@pytest.mark.parametrize("port", ["LISTENER_METRICS_PORT", "WORKER_METRICS_PORT"])
def test_metrics_that_other_hosts_can_read_need_a_token(host: str, port: str) -> None:
    (message,) = faults(METRICS_HOST=host, **{port: "9101"})
    assert message.startswith(f"METRICS_HOST is {host!r}")
    assert "Set METRICS_TOKEN" in message
    Config.from_env(GOOD | {"METRICS_HOST": host, port: "9101", "METRICS_TOKEN": "t" * 16})
    Config.from_env(GOOD | {"METRICS_HOST": host})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost", ""])
def test_metrics_for_this_host_only_need_no_token(host: str) -> None:
    config = Config.from_env(GOOD | {"METRICS_HOST": host, "LISTENER_METRICS_PORT": "9101"})
    assert (config.metrics_host, config.listener_metrics_port) == (host or "127.0.0.1", 9101)


def test_the_web_process_does_not_start_without_a_secret_key() -> None:
    env = {name: value for name, value in GOOD.items() if name != "SECRET_KEY"} | {"PORT": str(free_port())}
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
    started = subprocess.run(gunicorn, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert started.returncode == CANNOT_START
    assert "SECRET_KEY is not set" in started.stderr
    assert started.stderr.count("Doorbell cannot start") == 1, "gunicorn does not start it again"
    assert "Traceback" not in started.stderr


def test_gunicorns_own_settings_are_reported_together_before_a_worker_starts() -> None:
    env = GOOD | {"PORT": "http", "WEB_CONCURRENCY": "0", "GRACEFUL_TIMEOUT": "-1"}
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
    started = subprocess.run(gunicorn, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert started.returncode == CANNOT_START
    assert [line.split()[1] for line in started.stderr.splitlines()[1:]] == [
        "PORT",
        "WEB_CONCURRENCY",
        "GRACEFUL_TIMEOUT",
    ]
    assert "allowed: a whole number from 1 to 1000" in started.stderr


@pytest.mark.parametrize("seconds", ["0", "0.001", "1.5", "inf", "nan", "fast"])
def test_an_interval_of_drains_outside_its_limits_is_refused(seconds: str) -> None:
    (message,) = faults(DRAIN_INTERVAL_SECONDS=seconds)
    assert repr(seconds) in message
    assert "from 0.005 to 1" in message


def test_the_web_process_listens_on_port_8000_unless_the_environment_names_another() -> None:
    assert Config.from_env(GOOD).bind == "127.0.0.1:8000"
    assert Config.from_env(GOOD | {"PORT": "8123"}).bind == "127.0.0.1:8123"
    assert Config.from_env(GOOD | {"PORT": "8123", "BIND": "unix:/run/x.sock"}).bind == "unix:/run/x.sock"
    (message,) = faults(PORT="80800")
    assert message.startswith("PORT is '80800'; allowed: a whole number from 0 to 65535")


@pytest.mark.parametrize("password", ["Top@Secret9", "To%pSecret9"])
def test_a_password_that_is_not_percent_encoded_is_refused_and_not_shown(password: str) -> None:
    (message,) = faults(DATABASE_URL=f"postgresql://doorbell:{password}@db/doorbell")
    assert "percent-encoded" in message
    assert "Secret9" not in message
    Config.from_env(GOOD | {"DATABASE_URL": "postgresql://doorbell:Top%40Secret9@db/doorbell?host=%2Frun"})


def test_a_short_fallback_key_is_refused_like_the_key_itself() -> None:
    with pytest.raises(ConfigError) as refused:
        Config.from_env(GOOD | {"SECRET_KEY_FALLBACKS": f"{'k' * 32},short"})
    assert "SECRET_KEY_FALLBACKS has a key of 5 characters (number 2)" in str(refused.value)
    assert "short" not in str(refused.value)
