"""Doorbell's processes, each signed in with its own role and rights, do all of their work."""

from __future__ import annotations

import os
import subprocess

import psycopg
import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from psycopg import sql

from tasks import schedule
from webapp import create_app
from webapp.launcher.cluster import PG_BIN
from webapp.postgres.process_roles import ProcessRoles
from webapp.privacy import jobs, subjects
from webapp.uploads.worker import ImportWorker

from ..conftest import config_for
from ..support import process_urls as roles
from ..support.board import sign_in
from ..support.database_roles import make_role
from ..support.process_urls import ProcessUrls
from ..support.processes import SECRET, Doorbell, read
from ..support.signals import topics
from ..support.task_environment import set_environment
from ..support.uploads import Uploads, csv
from ..support.wait import eventually
from ..support.world import Service, World

OWNER = "doorbell_owner"


def test_a_change_reaches_the_board_through_web_and_listener_with_their_roles(
    service: Service, process_urls: ProcessUrls, world: World, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    user = world.user(tenant, "Ana Silva", role="manager")
    order = world.order(tenant, 12_300, number="A1", owner_id=user)
    doorbell = Doorbell(service, **process_urls.env)
    try:
        doorbell.start()
        assert "A1" in read(f"{doorbell.url}/orders", doorbell.cookie(user))
        world.change(order, paid_at="now")
        eventually(lambda: "revenue" in topics(redis_client, tenant))
        eventually(lambda: "123.00" in read(f"{doorbell.url}/panels/revenue", doorbell.cookie(user)))
        standby = doorbell.another_listener()
        eventually(lambda: "standing by" in standby.log)
        doorbell.listener.kill()
        eventually(lambda: "listening" in standby.log)
        assert "permission denied" not in doorbell.listener.log + standby.log + doorbell.web.log
    finally:
        doorbell.close()


def test_every_timed_task_runs_with_the_role_of_the_worker(
    service: Service,
    process_urls: ProcessUrls,
    world: World,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_environment(monkeypatch, **process_urls.env, REDIS_URL=service.redis_url, SECRET_KEY=SECRET)
    from tasks import privacy as task_of_privacy
    from tasks.app import app

    app.loader.import_default_modules()
    tenants = [world.tenant(slug) for slug in ("one", "two")]
    for tenant in tenants:
        world.change(world.order(tenant, 500, owner_id=world.user(tenant)), paid_at="now")
    world.conn.execute("INSERT INTO rollup_rebuilds (tenant_id) VALUES (%s)", [tenants[0]])
    world.conn.execute(
        "CREATE TABLE order_events_2020_01 PARTITION OF order_events FOR VALUES FROM ('2020-01-01') TO ('2020-02-01')"
    )
    world.conn.execute(
        "INSERT INTO ended_sessions (id, expires_at) VALUES (gen_random_uuid(), now() - interval '1 day')"
    )
    old = "2020-01-02 10:00+00"
    removed = world.order(tenants[1], placed_at=old, cancelled_at=old)
    world.conn.execute("UPDATE tenants SET orders_keep_months = 3 WHERE id = %s", [tenants[1]])
    world.order(tenants[0], customer="Erika Mustermann")
    jobs.request(world.conn, subjects.customer(world.conn, tenants[0], "Erika Mustermann"), "Erased customer X", None)
    task_of_privacy._worker.cache_clear()
    for name in (schedule.CATCH_UP, *schedule.EVERY):
        app.tasks[name].run()
    assert world.conn.execute("SELECT FROM orders WHERE id = %s", [removed]).fetchone() is None
    customers = world.conn.execute("SELECT customer FROM orders WHERE tenant_id = %s", [tenants[0]]).fetchall()
    assert ("Erased customer X",) in customers
    counted = world.conn.execute("SELECT tenant_id, sum(revenue_minor)::int FROM rollups_hourly GROUP BY 1 ORDER BY 1")
    assert counted.fetchall() == [(tenant, 500) for tenant in tenants]
    assert world.conn.execute("SELECT to_regclass('order_events_2020_01')").fetchone() == (None,)
    assert world.conn.execute("SELECT count(*) FROM ended_sessions").fetchone() == (0,)
    assert [bool(topics(redis_client, tenant)) for tenant in tenants] == [True, True]


def test_an_uploaded_file_is_imported_with_the_role_of_the_worker(
    service: Service, process_urls: ProcessUrls, conn: psycopg.Connection, world: World, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    uploads = Uploads(service, conn, redis_client, tenant)
    uploads.worker = ImportWorker(process_urls.worker, redis_client)
    header = "number,customer,placed_at,total,owner_email"
    new_owner = csv("N-9,Guest,2026-11-02T10:00:00+01:00,9.00,zoe@example.com", header=header)
    for upload in (uploads.add(), uploads.add(new_owner, owners="create")):
        found = uploads.run(upload)
        assert (found.state, found.problem) == ("done", None)
    assert conn.execute("SELECT count(*) FROM orders WHERE tenant_id = %s", [tenant]).fetchone() == (4,)
    assert conn.execute("SELECT email, role, password_hash FROM users").fetchall() == [
        ("zoe@example.com", "sales", None)
    ]


@pytest.fixture
def one_role(service: Service, conn: psycopg.Connection) -> str:
    """The address of the test's database for one role, not a superuser, that owns everything in it."""
    make_role(conn, OWNER)
    conn.execute(f"ALTER ROLE {OWNER} NOSUPERUSER NOBYPASSRLS CREATEROLE")
    owned = conn.execute(
        "SELECT format('ALTER %s %I.%I OWNER TO {0}', 'TABLE', n.nspname, relname)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND relkind IN ('r', 'p')"
        " UNION ALL SELECT format('ALTER FUNCTION %s OWNER TO {0}', p.oid::regprocedure) FROM pg_proc p"
        " WHERE p.pronamespace = 'public'::regnamespace".replace("{0}", OWNER)
    ).fetchall()
    database = conn.info.dbname
    for (statement,) in owned:
        conn.execute(statement)
    conn.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), sql.Identifier(OWNER)))
    conn.execute(f"ALTER SCHEMA public OWNER TO {OWNER}")
    return service.database_url.replace("//postgres@", f"//{OWNER}@")


def client_of(service: Service, url: str, user: int) -> FlaskClient:
    return sign_in(create_app(config_for(service, DATABASE_URL=url)), user)


def test_an_installation_with_one_role_goes_on_working_after_the_migration(
    service: Service, one_role: str, world: World, redis_client: redis.Redis
) -> None:
    import flask_migrate

    app = create_app(config_for(service, DATABASE_URL=one_role))
    with app.app_context():
        flask_migrate.downgrade(revision="0027")
        world_tenant = world.tenant()
        user = world.user(world_tenant, role="manager")
        world.order(world_tenant, 700, number="B1", owner_id=user)
        flask_migrate.upgrade()
    client = sign_in(app, user)
    assert "B1" in client.get("/orders").text
    assert client.get("/").status_code == 200
    doorbell = Doorbell(service, DATABASE_URL=one_role)
    try:
        doorbell.listener.start()
        eventually(lambda: "listening" in doorbell.listener.log)
        with psycopg.connect(one_role) as owner:
            owner.execute("UPDATE orders SET paid_at = now()")
        eventually(lambda: "revenue" in topics(redis_client, world_tenant))
    finally:
        doorbell.close()


def test_an_owner_that_is_no_superuser_makes_the_roles(service: Service, one_role: str, world: World) -> None:
    with psycopg.connect(one_role, autocommit=True) as owner:
        if owner.info.server_version >= 160000:
            owner.execute("SET createrole_self_grant = 'set, inherit'")
        urls = roles.make(service, owner, ProcessRoles(*(f"{role}_{os.getpid()}" for role in ("w", "l", "k"))))
    tenant, other = world.tenant("own"), world.tenant("other")
    user = world.user(tenant, role="manager")
    world.order(tenant, number="C1")
    world.order(other, number="D1")
    page = client_of(service, urls.web, user).get("/orders").text
    assert "C1" in page
    assert "D1" not in page
    # As a member of the web role it would see no row without a tenant, and its triggers those of one tenant.
    with psycopg.connect(one_role) as owner:
        assert owner.execute("SELECT count(*) FROM orders").fetchone() == (2,)


@pytest.mark.web_role
def test_sign_in_and_sign_out_work_with_the_web_role(app: Flask, world: World) -> None:
    world.tenant("other")
    tenant = world.tenant("demo")
    world.user(tenant, "Mia Chef", role="manager")
    client = app.test_client()
    assert client.get("/demo").status_code == 303
    assert client.get("/orders").status_code == 200
    assert client.get("/readyz").status_code in (200, 503)


def test_the_owner_dumps_all_rows_without_being_a_superuser(one_role: str, world: World) -> None:
    for slug in ("one", "two"):
        world.order(world.tenant(slug), number=f"of-{slug}")
    command = [str(PG_BIN / "pg_dump"), "--enable-row-security", "--data-only", "--table=orders", one_role]
    dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "of-one" in dump
    assert "of-two" in dump
