"""The README's own commands and statements work as printed, with the example files that it names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from ..support.world import World

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def flask_commands() -> list[list[str]]:
    """Every `flask …` line of the section on one's own orders, as its arguments."""
    lines = "\n".join(blocks("sh")).splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if re.match(r"flask (tenant|user|orders) ", line)]


@pytest.fixture
def acme(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The README's commands, run in its order, in a database without tenants."""
    monkeypatch.chdir(ROOT)
    runner = app.test_cli_runner()
    for arguments in flask_commands():
        asked = "correct horse battery\n" * 2 if arguments[:2] == ["user", "create"] else None
        result = runner.invoke(args=arguments, input=asked)
        assert result.exit_code == 0, (arguments, result.output)
    return app


def test_the_commands_place_the_orders_of_the_example_files(acme: Flask, world: World) -> None:
    rows = world.conn.execute(
        "SELECT count(*), count(paid_at), sum(total_minor) FILTER (WHERE paid_at IS NOT NULL), sum(refunded_minor)"
        " FROM orders"
    ).fetchone()
    assert rows == (8, 6, 48250 + 8900 + 7490 + 21500 + 8870 + 12900, 2900)
    owners = world.conn.execute(
        "SELECT name, count(o.id) FROM users u LEFT JOIN orders o ON o.owner_id = u.id GROUP BY name ORDER BY name"
    ).fetchall()
    assert owners == [("Ana Silva", 2), ("Ben Okafor", 2)]


def test_the_statements_write_an_order_and_pay_it(acme: Flask, conn: psycopg.Connection) -> None:
    statements = [block for block in blocks("sql") if "acme" in block]
    assert statements
    for statement in statements:
        conn.execute(statement)
    changed = conn.execute(
        "SELECT array_agg(e.type ORDER BY e.id) FROM order_events e JOIN orders o ON o.id = e.order_id"
        " WHERE o.number = 'SHOP-1'"
    ).fetchone()
    assert changed == (["placed", "paid"],)


def test_the_table_of_columns_lists_every_column_that_a_program_may_write(conn: psycopg.Connection) -> None:
    section = README.split("### Write orders by SQL")[1].split("\n## ")[0]
    first_cells = re.findall(r"^\| (`[^|]+`) \|", section, re.MULTILINE)
    listed = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    columns = conn.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'orders' AND table_schema = 'public'"
        " AND is_generated = 'NEVER' AND is_identity = 'NO'"
    ).fetchall()
    kept_by_doorbell = {"idempotency_key", "updated_at", "external_id"}
    assert set(listed) == {name for (name,) in columns} - kept_by_doorbell


def test_every_file_that_the_readme_names_exists() -> None:
    named = re.findall(r"\]\(([\w./-]+?)(?:#[\w-]+)?\)|src(?:set)?=\"([\w./-]+)\"|(docs/examples/[\w.-]+)", README)
    paths = {path for found in named for path in found if path}
    assert "docs/examples/orders.csv" in paths
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
