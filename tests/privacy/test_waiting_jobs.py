"""Jobs that wait or have failed: with the rights of an earlier version none begins, and the doctor names what to do."""

from __future__ import annotations

import psycopg
import pytest
import redis
from flask import Flask

from webapp.privacy import deletion, jobs, retention, subjects
from webapp.privacy.worker import PrivacyWorker

from ..support.account_commands import flask
from ..support.doctor import examined
from ..support.privacy import Privacy
from ..support.process_urls import ProcessUrls
from ..support.world import Service, World
from .conftest import ERIKA

OLD = "2020-01-02 10:00+00"


@pytest.fixture
def former(process_urls: ProcessUrls, conn: psycopg.Connection, redis_client: redis.Redis) -> PrivacyWorker:
    """A worker whose role has the rights of an earlier version."""
    conn.execute("REVOKE ALL ON FUNCTION privacy_delete_tenant FROM doorbell_worker")
    return PrivacyWorker(process_urls.worker, redis_client)


def test_an_erasure_waits_whole_until_the_role_has_the_rights_of_this_version(
    service: Service,
    world: World,
    conn: psycopg.Connection,
    tenant: int,
    privacy: Privacy,
    former: PrivacyWorker,
) -> None:
    world.order(tenant, customer=ERIKA)
    job = privacy.request(subjects.customer(conn, tenant, ERIKA, ()))
    for _again in range(2):
        assert former.run() == 0
    waiting = privacy.find(job.id)
    assert (waiting.state, waiting.attempts, waiting.problem) == (jobs.QUEUED, 0, jobs.WITHOUT_RIGHTS)
    assert conn.execute("SELECT customer FROM orders").fetchone() == (ERIKA,)
    examined(service).says("privacy", "FAULT", "has not the rights of this version", "roles --processes --create")
    conn.execute("GRANT EXECUTE ON FUNCTION privacy_delete_tenant TO doorbell_worker")
    privacy.worker.run()
    done = privacy.find(job.id)
    assert (done.state, done.problem) == (jobs.DONE, None)
    examined(service).says("privacy", "ok", "no erasure or deletion of a tenant waits")


def test_a_deletion_that_no_worker_may_run_can_still_be_undone(
    conn: psycopg.Connection, tenant: int, ana: int, former: PrivacyWorker
) -> None:
    deletion.schedule(conn, tenant, None)
    conn.execute("UPDATE privacy_jobs SET due_at = now()")
    assert former.run() == 0
    assert conn.execute("SELECT disabled_at FROM users").fetchone() == (None,)
    assert deletion.cancel(conn, tenant)


def test_no_old_order_is_removed_by_an_old_role_and_the_log_says_why(
    world: World,
    conn: psycopg.Connection,
    tenant: int,
    process_urls: ProcessUrls,
    former: PrivacyWorker,
    caplog: pytest.LogCaptureFixture,
) -> None:
    world.order(tenant, placed_at=OLD, paid_at=OLD, shipped_at=OLD)
    assert retention.remove_old(process_urls.worker) == 0
    assert "no old order is removed" not in caplog.text, "no tenant has a rule"
    conn.execute("UPDATE tenants SET orders_keep_months = 3")
    assert retention.remove_old(process_urls.worker) == 0
    assert "no old order is removed" in caplog.text
    assert conn.execute("SELECT count(*) FROM orders").fetchone() == (1,)


def test_an_erasure_that_failed_or_waits_for_an_hour_is_named(
    service: Service, conn: psycopg.Connection, tenant: int, privacy: Privacy
) -> None:
    privacy.request(subjects.customer(conn, tenant, ERIKA, ()))
    assert examined(service).levels["privacy"] == "ok"
    conn.execute("UPDATE privacy_jobs SET due_at = now() - interval '3 hours'")
    examined(service).says("privacy", "FAULT", "has waited for 3 h", "Start the worker")
    conn.execute("UPDATE privacy_jobs SET state = 'failed'")
    examined(service).says("privacy", "FAULT", "erasures have failed (1)", "Settings → Privacy")


def test_a_deletion_that_failed_is_named_with_the_command_that_tries_again(
    app: Flask, service: Service, conn: psycopg.Connection, tenant: int
) -> None:
    deletion.schedule(conn, tenant, None, days=0)
    conn.execute("UPDATE privacy_jobs SET state = 'failed', problem = 'lock timeout'")
    examined(service).says("privacy", "FAULT", "acme has failed: lock timeout", "tenant delete acme --yes")
    assert flask(app, "tenant", "delete", "acme", "--yes").stdout == "Deleted tenant acme.\n"
    assert examined(service).levels["privacy"] == "ok"
