"""Committed entries become lines of the log, each once and after its commit; and the doctor's check of the triggers."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from webapp.audit import follower
from webapp.audit.kinds import Kind
from webapp.audit.recording import record
from webapp.observability import logs
from webapp.observability.metrics.audit import ENTRIES

from ..support.doctor import examined
from ..support.world import Service, World

HOSTILE = 'x"\n{"event": "forged"}\r\x1b[31m\u2028level=error'


@pytest.fixture(params=["json", "logfmt"])
def written(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The lines of the audit log in a format."""
    out: list[str] = []
    handler, form = logging.Handler(), logs.formatter({"LOG_FORMAT": request.param})
    monkeypatch.setattr(handler, "emit", lambda line: out.append(form.format(line)))
    logger = logging.getLogger("doorbell.audit")
    monkeypatch.setattr(logger, "level", logging.INFO)
    logger.addHandler(handler)
    yield out
    logger.removeHandler(handler)


def count(kind: Kind) -> float:
    return ENTRIES.labels(kind)._value.get()


def test_an_entry_is_logged_once_and_after_its_commit_only(service: Service, world: World, written: list[str]) -> None:
    tenant, before = world.tenant(), count(Kind.ORDER_REFUNDED)
    follower.follow(service.database_url)
    with psycopg.connect(service.database_url) as open_conn:
        # Begun first and committed last: its transaction id is below those of entries that were logged.
        record(open_conn, Kind.ORDER_REFUNDED, tenant_id=tenant, subject="first")
        record(world.conn, Kind.ORDER_REFUNDED, tenant_id=tenant, subject="second")
        assert follower.follow(service.database_url) == 1
        open_conn.commit()
        assert follower.follow(service.database_url) == 1
        record(open_conn, Kind.ORDER_REFUNDED, tenant_id=tenant, subject="third")
        open_conn.rollback()
    assert follower.follow(service.database_url) == 0
    assert len(written) == 2
    assert "second" in written[0]
    assert "first" in written[1]
    assert count(Kind.ORDER_REFUNDED) == before + 2


def test_hostile_values_stay_in_their_line_and_personal_data_out_of_it(
    service: Service, world: World, written: list[str]
) -> None:
    tenant = world.tenant()
    details: dict[str, Any] = {"note": HOSTILE, "person": {"email": "zoe@example.com"}}
    record(world.conn, Kind.EXPORT, tenant_id=tenant, subject=HOSTILE, details=details)
    record(world.conn, Kind.SIGN_IN_FAILED, tenant_id=tenant, actor_name=" ", subject="zoe@example.com")
    user = world.user(tenant, "Zoe Berg")
    record(world.conn, Kind.USER_DISABLED, tenant_id=tenant, subject_id=user)
    assert follower.follow(service.database_url) == len(written) == 3
    for line in written:
        assert not set(line) & set("\n\r\x1b\u2028")
        assert "zoe@" not in line
        assert "Zoe" not in line
    if written[0].startswith("{"):
        first = json.loads(written[0])
        assert (first["event"], first["kind"], first["level"], first["tenant"]) == ("audit", "export", "info", tenant)
        assert json.loads(written[2])["user"] == user


def test_a_cursor_of_another_cluster_begins_again(service: Service, world: World) -> None:
    world.conn.execute("UPDATE audit_log_cursor SET snapshot = '99999999:99999999:'")
    record(world.conn, Kind.SIGN_OUT, tenant_id=world.tenant())
    assert follower.follow(service.database_url) == 0
    record(world.conn, Kind.SIGN_OUT, tenant_id=None)
    assert follower.follow(service.database_url) == 1


def test_the_doctor_notices_a_missing_and_a_disabled_trigger(service: Service, world: World) -> None:
    assert examined(service).says("audit-log", "ok", "append-only")
    world.conn.execute("ALTER TABLE audit_log DISABLE TRIGGER audit_log_deleted")
    assert examined(service).says("audit-log", "FAULT", "audit_log_deleted on audit_log is disabled")
    world.conn.execute("DROP TRIGGER audit_log_updating ON audit_log")
    assert examined(service).says("audit-log", "FAULT", "audit_log_updating on audit_log is missing")
