"""migrations/schema.sql is what the migrations make, and a database can be made from it."""

from __future__ import annotations

import psycopg
from psycopg import sql

from migrations import write_schema

from ..support.world import Service

SCHEMA = write_schema.SCHEMA.read_text()


def test_schema_sql_equals_the_migrations(service: Service) -> None:
    assert write_schema.read(service.database_url) == SCHEMA, "run `make schema`"


def test_schema_sql_makes_the_same_schema_in_an_empty_database(service: Service) -> None:
    with psycopg.connect(service.database_url, autocommit=True) as conn:
        empty = sql.Identifier(f"{conn.info.dbname}_empty")
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(empty))
        try:
            url = service.database_url.replace(f"/{conn.info.dbname}?", f"/{conn.info.dbname}_empty?")
            with psycopg.connect(url) as made:
                made.execute(SCHEMA.encode())
            assert write_schema.read(url) == SCHEMA
        finally:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(empty))


def test_every_function_has_a_comment() -> None:
    assert SCHEMA.count("\nCREATE FUNCTION ") == SCHEMA.count("\nCOMMENT ON FUNCTION ") > 15
