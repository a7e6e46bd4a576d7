"""The tenant of each transaction of the web process: row-level security shows it the rows of this tenant only.

`enter` is called where a request's tenant becomes known. Each transaction that begins in the same app context afterwards
sets it with `SET LOCAL`, so a pooler that gives each transaction another session mixes no tenants. A transaction without a
tenant sees no row of any; the look-ups that come before (a user by e-mail, a TV by token) are functions of
migrations/sql/0035_tenancy.sql.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import g, has_app_context
from sqlalchemy import Connection, Engine, event

SETTING = "doorbell.tenant"
# "true": for the transaction only.
STATEMENT = f"SELECT pg_catalog.set_config('{SETTING}', %s, true)"


def enter(tenant_id: int) -> None:
    """Begin to work for this tenant in this app context, and so in this request."""
    g.database_tenant = tenant_id


def enter_if_none(tenant_id: int) -> None:
    """As `enter`, unless the request works for a tenant already: that of a link, which another company's user may open."""
    if current() is None:
        enter(tenant_id)


def current() -> int | None:
    return g.get("database_tenant") if has_app_context() else None


@contextmanager
def within(tenant_id: int) -> Iterator[None]:
    """Work for this tenant, and then for the one before."""
    before = current()
    enter(tenant_id)
    try:
        yield
    finally:
        g.database_tenant = before


def watch(engine: Engine) -> None:
    """Set the tenant at the beginning of each transaction of `engine`."""
    event.listen(engine, "begin", _begin)


def of_session(tenant_id: int) -> dict[str, str]:
    """The setting of a session that serves one tenant until it is closed, for postgres/session.py."""
    return {SETTING: str(tenant_id)}


def _begin(conn: Connection) -> None:
    tenant_id = current()
    if tenant_id is not None:
        conn.exec_driver_sql(STATEMENT, (str(tenant_id),))
