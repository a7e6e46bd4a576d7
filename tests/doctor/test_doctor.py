"""`flask doctor` on a healthy system, and on real systems with one broken part each."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from types import SimpleNamespace

import flask_migrate
import psycopg
import pytest
import redis
from flask import Flask

from webapp.config import ConfigError
from webapp.doctor import clock, postgresql, run, system, transactions
from webapp.doctor.system import System
from webapp.rollups import refresh
from webapp.signals import publisher

from ..conftest import config_for
from ..support.doctor import NAMES, examined, leading, old_event
from ..support.ports import free_port
from ..support.processes import ROOT, Doorbell
from ..support.wait import eventually
from ..support.world import Service, World

# Healthy -----------------------------------------------------------------------------------------------------------------


def test_a_healthy_system_is_ok_in_every_check(doorbell: Doorbell, service: Service, world: World) -> None:
    world.order(world.tenant())
    doorbell.listener.start()
    eventually(lambda: "listening" in doorbell.listener.log)
    refresh.refresh(service.database_url)
    with redis.Redis.from_url(service.redis_url) as client:
        eventually(lambda: client.get(publisher.HEARTBEAT_KEY))
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "doctor"]
    done = subprocess.run(command, cwd=ROOT, env=doorbell.env(), capture_output=True, text=True, timeout=60)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split()[:2] for line in lines] == [["ok", name] for name in NAMES]
    assert "leads, session" in done.stdout
    assert "0 standbys" in done.stdout
    assert done.stderr == ""


def test_advice_is_printed_below_a_fault(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["doctor"])
    lines = result.output.splitlines()
    assert result.exit_code == 1
    fault = next(i for i, line in enumerate(lines) if line.startswith("FAULT  listener"))
    assert lines[fault + 1].strip() == "→ Start listener_worker.py (preferably two, on different hosts)."


# PostgreSQL, the schema and the triggers -----------------------------------------------------------------------------------


def test_without_postgresql_its_dependents_are_skipped_with_the_reason(service: Service) -> None:
    found = examined(service, DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/doorbell")
    found.says("postgresql", "FAULT", "does not answer", "Check that it runs")
    found.says("redis", "ok", "a signal arrives in")
    found.says("clock", "warn", "not compared: PostgreSQL does not answer")
    dependents = [name for name in NAMES if name not in ("postgresql", "redis", "clock")]
    for name in dependents:
        found.says(name, "warn", "not checked: PostgreSQL does not answer")


@pytest.mark.parametrize(
    "address", ["doorbell:hun/ter2@db/doorbell", "doorbell:hunter2@[db/doorbell", "db/d?hunter2=1"]
)
def test_an_unreadable_address_is_a_fault_and_its_password_stays_hidden(service: Service, address: str) -> None:
    """Config refuses the address; the doctor's own check must show as little of it."""
    url = f"postgresql://{address}"
    with pytest.raises(ConfigError, match=r"%XX|%2F") as refused:
        config_for(service, DATABASE_URL=url)
    (found,) = postgresql.check(System(url, service.redis_url, ROOT))
    assert (found.level, "%XX" in found.advice) == ("FAULT", True)
    for text in (str(refused.value), found.seen, found.advice):
        assert "hun" not in text
        assert "ter2" not in text


def test_a_missing_database_is_a_fault(service: Service) -> None:
    url = service.database_url.replace("/test_", "/none_")
    examined(service, DATABASE_URL=url).says("postgresql", "FAULT", "does not exist", "createdb")


def test_an_old_postgresql_is_a_fault(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.doctor.postgresql.MIN_VERSION", 990000)
    examined(service).says("postgresql", "FAULT", "99 or newer is needed", "Upgrade")


def test_an_old_schema_is_a_fault_with_both_revisions(app: Flask, service: Service) -> None:
    with app.app_context():
        flask_migrate.downgrade(revision="0003")
    found = examined(service)
    found.says("schema", "FAULT", "revision 0003; this code needs 0", "flask db upgrade")
    found.says("partitions", "FAULT", "cannot be checked: UndefinedFunction", "flask db upgrade")


def test_an_empty_database_and_one_of_newer_code_are_faults(service: Service, world: World) -> None:
    world.conn.execute("UPDATE alembic_version SET version_num = '9999'")
    examined(service).says("schema", "FAULT", "9999 is unknown to this code", "deploy")
    world.conn.execute("DROP TABLE alembic_version")
    examined(service).says("schema", "FAULT", "revision none", "flask db upgrade")


# Redis ---------------------------------------------------------------------------------------------------------------------


def test_without_redis_the_other_checks_run(service: Service) -> None:
    with leading(service):
        found = examined(service, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    found.says("redis", "FAULT", "does not answer", "Check that it runs")
    found.says("listener", "warn", "its heartbeat is unknown: Redis does not answer", "Redis")
    found.says("clock", "warn", "not compared: Redis does not answer")
    for name in ("postgresql", "schema", "triggers", "bell", "queue", "zones", "partitions", "transactions"):
        assert found.checks[name]["level"] == "ok", found.checks[name]


def test_a_wrong_password_of_redis_is_a_fault_and_stays_hidden(service: Service) -> None:
    found = examined(service, REDIS_URL=service.redis_url.replace("redis://:", "redis://:hunter2"))
    found.says("redis", "FAULT", "refuses the login", "REDIS_URL")
    assert "hunter2" not in json.dumps(found.checks)


# Clocks and zones ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ahead", "level", "seen"),
    [(-5, "warn", "clock is 5.0 s ahead of this host's"), (60, "FAULT", "clock is 60 s behind this host's")],
)
def test_a_wrong_clock_is_reported_with_its_direction(
    service: Service, monkeypatch: pytest.MonkeyPatch, ahead: float, level: str, seen: str
) -> None:
    monkeypatch.setattr(clock, "time", SimpleNamespace(time=lambda: time.time() + ahead))
    found = examined(service)
    found.says("clock", level, f"PostgreSQL's {seen}", "NTP")
    found.says("clock", level, f"Redis's {seen}", "NTP")


def test_a_zone_that_python_lacks_is_a_fault(service: Service, world: World) -> None:
    world.tenant("berlin")
    world.tenant("posix", timezone="UTC+3")
    found = examined(service)
    found.says("zones", "FAULT", "Python has no time zone 'UTC+3' (tenant posix)", "IANA")
    assert "berlin" not in found.checks["zones"]["seen"]


def test_a_zone_with_two_readings_is_a_fault(service: Service, world: World) -> None:
    """PostgreSQL reads MET as an abbreviation, UTC+1 all year; in Python it has summer time."""
    world.tenant("berlin")
    world.tenant("middle", timezone="MET")
    found = examined(service)
    found.says("zones", "FAULT", "'MET' (tenant middle) on 20", "Update tzdata")
    assert "PostgreSQL has UTC+01:00, Python UTC+02:00" in found.checks["zones"]["seen"]
    assert "berlin" not in found.checks["zones"]["seen"]


# Partitions and transactions -----------------------------------------------------------------------------------------------


def test_a_missing_month_and_events_without_a_month_are_reported(service: Service, world: World) -> None:
    rows = world.conn.execute("SELECT part::text FROM order_events_partitions()").fetchall()
    world.conn.execute(f"DROP TABLE {rows[1][0]}")
    month = rows[1][0].removeprefix("order_events_").replace("_", "-")
    examined(service).says("partitions", "FAULT", f"{month} has no partition", "worker and beat")
    world.conn.execute("SELECT order_events_make_partitions(2)")
    old_event(world, world.tenant(), "100 days", count=2)
    examined(service).says(
        "partitions", "warn", "order_events_default holds 2 events, from 20", "dropped by the retention"
    )


def test_a_transaction_left_open_is_named(service: Service, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "OLD_SECONDS", 0.0)
    with psycopg.connect(service.database_url, application_name="a report") as report:
        # A transaction that holds back nothing.
        report.execute("SELECT 1")
        assert "a report" not in examined(service).checks["transactions"]["seen"]
        World(report).tenant("open")
        found = examined(service)
        pid = report.info.backend_pid
    found.says("transactions", "warn", f"session {pid} 'a report'", f"pg_terminate_backend({pid})")
    assert "idle in transaction" in found.checks["transactions"]["seen"]


# Deadlines -----------------------------------------------------------------------------------------------------------------


def test_a_check_that_waits_for_a_lock_ends_and_does_not_hide_others(service: Service, world: World) -> None:
    with psycopg.connect(service.database_url) as other:
        other.execute("LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE")
        found = examined(service)
    found.says("zones", "FAULT", "cannot be checked: LockNotAvailable", "transactions")
    found.says("partitions", "ok", "")


def test_a_check_without_an_answer_skips_the_others_on_that_server(
    service: Service, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than any other check takes, and shorter than the server waits for the lock.
    monkeypatch.setattr(run, "DEADLINE_SECONDS", 3.0)
    monkeypatch.setitem(system._LIMITS, "lock_timeout", "60s")
    monkeypatch.setitem(system._LIMITS, "statement_timeout", "60s")
    with psycopg.connect(service.database_url) as other:
        other.execute("LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE")
        found = examined(service)
    found.says("zones", "FAULT", "no answer within 3 s", "frozen")
    found.says("partitions", "warn", "not checked: postgresql stopped answering at zones")
