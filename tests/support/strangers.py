"""Roles of PostgreSQL that may connect and own nothing, each for one test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from .world import Service


@contextmanager
def role(service: Service, name: str, *grants: str) -> Iterator[str]:
    """A role with LOGIN; its address. Each of `grants` is what stands between GRANT and TO."""
    with psycopg.connect(service.database_url, autocommit=True) as admin:
        full = sql.Identifier(f"{name}_{admin.info.dbname}")
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(full))
        for grant in grants:
            admin.execute(sql.SQL("GRANT {} TO {}").format(sql.SQL(grant), full))
        parts = psycopg.conninfo.conninfo_to_dict(service.database_url)
        host = str(parts["host"]).replace("/", "%2F")
        try:
            yield f"postgresql://{name}_{admin.info.dbname}@{host}/{parts['dbname']}"
        finally:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s",
                [f"{name}_{admin.info.dbname}"],
            )
            admin.execute(sql.SQL("DROP OWNED BY {}").format(full))
            admin.execute(sql.SQL("DROP ROLE {}").format(full))
