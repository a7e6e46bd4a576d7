"""Writes migrations/schema.sql, the schema after all migrations, by theme instead of by migration: `make schema`.

pg_dump reads it from a new database. Owners, versions and the partitions by month are left out, and the order is stable.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import flask_migrate

from webapp import create_app
from webapp.config import Config
from webapp.launcher.cluster import PG_BIN
from webapp.launcher.embedded_postgres import EmbeddedPostgres

SCHEMA = Path(__file__).with_name("schema.sql")
HEADER = """\
-- The database after all migrations, written by `make schema`. The reasons are in migrations/sql.
-- Doorbell's schema is `public` here. order_events_make_partitions() creates the partitions by month, which are left out.
"""
_PG_DUMP = (str(PG_BIN / "pg_dump"), "--schema-only", "--no-owner", "--schema=public")
_EXCLUDED = ("alembic_version", "order_events_2*")
_HEADING = re.compile(r"^--\n-- Name: (.+); Type: ([A-Z ]+); Schema: .*\n--\n\n", re.MULTILINE)
_TABLE = re.compile(r"(?:ALTER TABLE|INDEX \w+ ON|TRIGGER .* ON) (?:ONLY )?public\.(\w+)")
_ATTACHED = re.compile(r"ALTER TABLE ONLY (\S+) ATTACH PARTITION (\S+) (.*);")
_SHORTER = (
    (re.compile(r"\bpublic\."), ""),
    (re.compile(r"\btimestamp with time zone\b"), "timestamptz"),
    (re.compile(r"\btimestamp without time zone\b"), "timestamp"),
    (re.compile(r"\bcharacter varying\b"), "varchar"),
    (re.compile(r"\b(ALTER TABLE|INDEX \w+ ON) ONLY\b"), r"\1"),  # of a partitioned table: with its partitions
    (re.compile(r"\n +ADD CONSTRAINT"), " ADD CONSTRAINT"),
    (re.compile(r"\n\n(?=ALTER TABLE \w+ FORCE)"), "\n"),
)


@dataclass
class Item:
    """One object of the dump: its type and name in pg_dump's words, its table where it has one, and its SQL."""

    type: str
    name: str
    table: str
    sql: str


def read(database_url: str) -> str:
    """The text of schema.sql for a migrated database. Raises subprocess.CalledProcessError."""
    command = [*_PG_DUMP, *(f"--exclude-table=public.{name}" for name in _EXCLUDED), database_url]
    dump = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, "PGTZ": "UTC"})
    sections = _sections(_items(dump.stdout))
    return HEADER + "".join(f"\n\n-- {title} {'-' * (124 - len(title))}\n\n{sql}" for title, sql in sections.items())


def _items(dump: str) -> list[Item]:
    """The objects in pg_dump's order, each with its comment and its rights."""
    _, *parts = _HEADING.split(dump.partition("--\n-- PostgreSQL database dump complete")[0])
    items: list[Item] = []
    for name, type_, sql in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        if name == "public" or name.startswith("SCHEMA "):
            continue
        if type_ == "COMMENT":
            items[-1].sql += sql.strip() + "\n"
        elif type_ == "ACL":
            _function(items, name).sql += sql.strip() + "\n"
        else:
            found = _TABLE.search(sql)
            items.append(Item(type_, name, found[1] if found else name, sql.strip() + "\n"))
    return items


def _function(items: list[Item], name: str) -> Item:
    """The function that an ACL names with its parameters. No two functions have one name."""
    start = name.removeprefix("FUNCTION ").partition("(")[0] + "("
    (function,) = (item for item in items if item.type == "FUNCTION" and item.name.startswith(start))
    return function


def _sections(items: list[Item]) -> dict[str, str]:
    """Titles and their SQL, in an order in which a database takes it."""
    partitions = {found[2].removeprefix("public."): found for item in items if (found := _ATTACHED.search(item.sql))}
    items = [item for item in items if item.table not in partitions and not item.type.endswith("ATTACH")]
    attached = {
        found[1].removeprefix("public."): f"CREATE TABLE {found[2]} PARTITION OF {found[1]} {found[3]};\n"
        for found in partitions.values()
    }
    types = ("FUNCTION", "INDEX", "TRIGGER", "ROW SECURITY", "POLICY")
    by_type = {type_: [item for item in items if item.type == type_] for type_ in types}
    sql = {
        "Tables": "\n".join(_tables(items, attached)),
        # They are in the order of their names, and some call later ones.
        "Functions": "\n\n".join(["SET check_function_bodies = off;\n", *(item.sql for item in by_type["FUNCTION"])]),
        "Indexes": "\n".join(item.sql for item in sorted(by_type["INDEX"], key=lambda item: (item.table, item.name))),
        "Triggers": "".join(item.sql for item in by_type["TRIGGER"]),
        "Row-level security": "".join(item.sql for item in (*by_type["ROW SECURITY"], *by_type["POLICY"])),
    }
    return {title: _short(text) for title, text in sql.items()}


def _tables(items: list[Item], attached: dict[str, str]) -> Iterator[str]:
    """Each table with its identity and constraints, after the tables that it refers to."""
    keys = [item for item in items if item.type == "FK CONSTRAINT"]
    tables = {item.table: item for item in items if item.type == "TABLE"}
    needs = {
        name: sorted({found for item in keys if item.table == name for found in _referred(item)}) for name in tables
    }
    for name in TopologicalSorter(needs).static_order():
        own = [item for item in items if item.table == name]
        identity = [" ".join(item.sql.split()) + "\n" for item in own if item.type == "SEQUENCE"]
        constraints = [item.sql for item in own if item.type.endswith("CONSTRAINT")]
        yield "".join([tables[name].sql, *identity, *constraints, attached.get(name, "")])


def _referred(key: Item) -> list[str]:
    return re.findall(r"REFERENCES public\.(\w+)", key.sql)


def _short(sql: str) -> str:
    for pattern, shorter in _SHORTER:
        sql = pattern.sub(shorter, sql)
    return sql


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="doorbell-schema-") as directory:
        Path(directory).chmod(0o755)  # as root, PostgreSQL runs as another user
        server = EmbeddedPostgres(Path(directory) / "postgresql", fast=True)
        server.start()
        try:
            settings = {"DATABASE_URL": server.url, "REDIS_URL": "redis://localhost", "SECRET_KEY": secrets.token_hex()}
            app = create_app(Config.from_env(settings))
            with app.app_context():
                flask_migrate.upgrade()
                app.extensions["sqlalchemy"].engine.dispose()
            SCHEMA.write_text(read(server.url))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
