"""Roles of PostgreSQL as a test's own programs: `stranger` may only connect, `shop` has what `flask roles` gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from .world import Service

STRANGER, SHOP = "stranger", "shop"


def make_role(conn: psycopg.Connection, name: str) -> None:
    """A role that may sign in. Roles are the cluster's, so another test may have made it."""
    if conn.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone() is None:
        conn.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))


@contextmanager
def signed_in(service: Service, role: str) -> Iterator[psycopg.Connection]:
    """A session that signed in as `role`, so that its session_user is that role too."""
    url = service.database_url.replace("//postgres@", f"//{role}@")
    assert url != service.database_url
    with psycopg.connect(url, autocommit=True, application_name=f"{role} program") as conn:
        yield conn
