"""Another role holds Doorbell's advisory locks: log and doctor name the session, and the statement that ends it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from webapp import redis_client
from webapp.doorbell import connection, locks
from webapp.listener import standby as standing_by
from webapp.listener.catch_up import drain_without_leader
from webapp.signals import publisher

from ..support.doctor import examined
from ..support.logfmt import lines
from ..support.processes import Doorbell
from ..support.strangers import role
from ..support.wait import eventually
from ..support.world import Service, World

OF_DOORBELL = (
    "ALL ON ALL TABLES IN SCHEMA public",
    "ALL ON ALL SEQUENCES IN SCHEMA public",
    "EXECUTE ON ALL FUNCTIONS IN SCHEMA public",
)


@pytest.fixture
def plain(service: Service) -> Iterator[Service]:
    """The same services, with a role of Doorbell's that is not a superuser."""
    with role(service, "app", *OF_DOORBELL) as url:
        yield Service(url, service.redis_url)


@pytest.fixture
def thief(service: Service) -> Iterator[psycopg.Connection]:
    with (
        role(service, "thief") as url,
        psycopg.connect(url, autocommit=True, application_name="innocent") as session,
    ):
        yield session


@pytest.fixture
def processes(plain: Service) -> Iterator[Doorbell]:
    processes = Doorbell(plain, LOG_FORMAT="logfmt")
    yield processes
    processes.close()


def take(session: psycopg.Connection, lock: int) -> tuple[str, str]:
    """Take the lock; returns the session's role, and the statement that ends it."""
    session.execute("SELECT pg_advisory_lock(%s)", [lock])
    return session.info.user, f"SELECT pg_terminate_backend({session.info.backend_pid});"


def line(log: str, words: str) -> dict[str, str]:
    """The only line whose event contains these words."""
    (found,) = [line for line in lines(log) if words in line["event"]]
    return found


def test_standby_and_doctor_name_another_role_that_holds_the_leaders_lock(
    plain: Service, processes: Doorbell, thief: psycopg.Connection, conn: psycopg.Connection
) -> None:
    thief_role, end = take(thief, locks.LEADER_LOCK)
    processes.listener.start()
    eventually(lambda: "held by another session" in processes.listener.log)
    logged = line(processes.listener.log, "held by another session")
    assert logged["event"].startswith("the leader's lock is held by another session; no listener can lead")
    pid = str(thief.info.backend_pid)
    assert (logged["role"], logged["session"], logged["application"]) == (thief_role, pid, "innocent")
    assert logged["end"] == end
    assert "evicted" not in processes.listener.log
    found = examined(plain)
    found.says("listener", "FAULT", f"role {thief_role!r} holds the leader's lock (session {pid}, ", end)
    assert "application 'innocent'" in found.checks["listener"]["seen"]
    assert "REVOKE CONNECT ON DATABASE" in found.checks["listener"]["advice"]
    conn.execute(end)
    eventually(lambda: "listening" in processes.listener.log)
    assert "the leader's lock is free" in processes.listener.log


def test_a_role_with_pg_signal_backend_evicts_the_holder(service: Service, thief: psycopg.Connection) -> None:
    take(thief, locks.LEADER_LOCK)
    with role(service, "warden", "pg_signal_backend") as url, connection.connect(url) as standby:
        holder = standing_by.leader_session(standby)
        assert holder == connection.Session(thief.info.backend_pid, None), (
            "the start of another role's session is hidden"
        )
        assert standing_by.evict(standby, holder)
        eventually(lambda: locks.try_lead(standby))


def test_catch_up_names_another_role_that_holds_the_leaders_lock(
    plain: Service, thief: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    _role, end = take(thief, locks.LEADER_LOCK)
    with redis_client.connect(plain.redis_url) as client:
        assert drain_without_leader(plain.database_url, client) is None
    assert "held by another session" in caplog.text
    assert end in caplog.text


def test_the_doctor_names_another_role_that_waits_for_the_leaders_lock(
    plain: Service, service: Service, thief: psycopg.Connection
) -> None:
    with connection.connect(plain.database_url) as leading:
        assert locks.try_lead(leading)
        thief.execute("SET lock_timeout = 0")
        thief.pgconn.send_query(b"SELECT pg_advisory_lock(%d)" % locks.LEADER_LOCK)
        thief.pgconn.flush()
        eventually(lambda: "waits for the leader's lock" in examined(plain).checks["listener"]["seen"])
        seen = examined(plain).checks["listener"]
        assert f"role {thief.info.user!r}, session {thief.info.backend_pid}, application 'innocent'" in seen["seen"]
        assert f"SELECT pg_terminate_backend({thief.info.backend_pid});" in seen["advice"]
        thief.close()


def test_another_role_that_holds_the_quiet_lock_is_named_and_nothing_is_lost(
    plain: Service, processes: Doorbell, thief: psycopg.Connection, world: World, conn: psycopg.Connection
) -> None:
    tenant = world.tenant()
    thief_role, end = take(thief, locks.QUIET_LOCK)
    processes.listener.start()
    eventually(lambda: "held by another session" in processes.listener.log)
    logged = line(processes.listener.log, "held by another session")
    assert logged["event"].startswith("the quiet lock is held by another session; the listener never sleeps")
    assert (logged["role"], logged["application"], logged["end"]) == (thief_role, "innocent", end)
    found = examined(plain)
    found.says("listener", "warn", f"role {thief_role!r}, session {thief.info.backend_pid}", end)
    assert "holds the quiet lock" in found.checks["listener"]["seen"]
    world.order(tenant)
    with redis_client.connect(plain.redis_url) as client:
        eventually(lambda: client.exists(publisher.log_key(tenant)))
    conn.execute(end)
    eventually(lambda: "the quiet lock is free" in processes.listener.log)
