"""Roles of PostgreSQL as a test's own programs: `stranger` may only connect, `shop` has what `flask roles` gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from webapp.orders import writer_role

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


@pytest.fixture
def stranger(service: Service, conn: psycopg.Connection) -> Iterator[psycopg.Connection]:
    make_role(conn, STRANGER)
    with signed_in(service, STRANGER) as session:
        yield session


@pytest.fixture
def shop(service: Service, conn: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A program's session with the documented rights and nothing else."""
    writer_role.create(conn)
    make_role(conn, SHOP)
    conn.execute(f"GRANT {writer_role.WRITER} TO {SHOP}")
    with signed_in(service, SHOP) as session:
        yield session
