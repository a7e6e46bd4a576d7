"""Through a real PgBouncer, no transaction sees the tenant of an earlier one of the same session."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from webapp.postgres import session, tenancy

from ..support.pgbouncer import needs_pgbouncer, pgbouncer
from ..support.world import Service, World

pytestmark = [needs_pgbouncer, pytest.mark.usefixtures("process_urls")]

WEB = "doorbell_web"
TENANTS = text("SELECT DISTINCT tenant_id FROM orders")


@pytest.fixture
def tenants(world: World) -> list[int]:
    tenants = [world.tenant(slug) for slug in ("one", "two")]
    for tenant in tenants:
        world.order(tenant)
    return tenants


@pytest.fixture(autouse=True)
def context() -> Iterator[None]:
    with Flask(__name__).app_context():
        yield


def engine(url: str) -> Engine:
    """As that of the pages, but without the refusal of poolers in transaction mode."""
    made = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url, prepare_threshold=None))
    tenancy.watch(made)
    return made


def process(conn: Connection) -> int:
    """The session's process in PostgreSQL, from the transaction that is open."""
    return int(conn.execute(text("SELECT pg_backend_pid()")).scalar_one())


def seen(conn: Connection, tenant: int | None) -> list[int]:
    """The tenants whose orders a transaction for `tenant` sees; it stays open."""
    if tenant is None:
        return list(conn.execute(TENANTS).scalars())
    with tenancy.within(tenant):
        return list(conn.execute(TENANTS).scalars())


def fail(conn: Connection) -> None:
    with pytest.raises(DBAPIError):
        conn.execute(text("SELECT 1 / 0"))
    conn.rollback()


@pytest.mark.parametrize("end", [Connection.commit, Connection.rollback, fail])
def test_users_of_two_tenants_who_share_a_session_see_their_own_orders(
    service: Service, tenants: list[int], end: Callable[[Connection], None]
) -> None:
    with pgbouncer(service, "transaction", size=1, role=WEB) as url:
        used, processes = engine(url), set()
        with used.connect() as one, used.connect() as two:
            for conn, tenant in [(one, tenants[0]), (two, tenants[1]), (one, tenants[1]), (two, tenants[0])]:
                assert seen(conn, tenant) == [tenant]
                processes.add(process(conn))
                end(conn)
                for without in (one, two):
                    assert seen(without, None) == []
                    processes.add(process(without))
                    without.rollback()
        used.dispose()
    assert len(processes) == 1


def test_open_transactions_keep_their_tenants_while_others_use_the_pool(service: Service, tenants: list[int]) -> None:
    one, two = tenants
    with pgbouncer(service, "transaction", size=2, role=WEB) as url:
        used = engine(url)
        with used.connect() as first, used.connect() as second, used.connect() as third:
            assert seen(first, one) == [one]
            for tenant in (two, None, one, None, two):
                for conn in (second, third):
                    assert seen(conn, tenant) == ([] if tenant is None else [tenant])
                    conn.commit()
            # The tenant is that of the transaction's beginning.
            assert seen(first, two) == [one]
        used.dispose()


def test_a_session_for_one_tenant_leaves_it_to_no_other_user_of_the_pool(service: Service, tenants: list[int]) -> None:
    """Also not where an operator switched PgBouncer's reset of sessions off."""
    limits = session.PAGE_LIMITS | tenancy.of_session(tenants[0])
    with pgbouncer(service, "session", size=2, role=WEB, more="server_reset_query =") as url:
        for _ in range(2):
            with session.connect(url, "a preview", autocommit=True, limits=limits) as conn:
                assert conn.execute("SELECT DISTINCT tenant_id FROM orders").fetchall() == [(tenants[0],)]
        with session.connect(url, "web") as one, session.connect(url, "web") as other:
            for conn in (one, other):
                assert conn.execute("SELECT tenant_id FROM orders").fetchall() == []
