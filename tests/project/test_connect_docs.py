"""The examples of docs/connect-your-orders.md work as copied, in their order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from webapp.cli.orders import orders_cli

from ..support.processes import SECRET
from ..support.world import Service

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "connect-your-orders.md").read_text()
ROLE = "web_shop"
ATTACH = "flask orders attach"


def examples() -> list[tuple[str, str]]:
    """The language and the text of each example, in their order."""
    found: list[tuple[str, str]] = re.findall(r"^```(sh|sql)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    return found


def section(heading: str) -> list[tuple[str, str]]:
    """The examples of a section, after those that stand before the first one."""
    text = GUIDE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [example for example in examples() if example[1] in text]


@pytest.fixture
def shell(service: Service, tmp_path: Path) -> dict[str, object]:
    """How a person's shell runs the examples: `flask` on the PATH, and the environment of a Doorbell."""
    env = {
        "DATABASE_URL": service.database_url,
        "REDIS_URL": service.redis_url,
        "SECRET_KEY": SECRET,
        "FLASK_APP": str(ROOT / "wsgi.py"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
    }
    return {"env": env, "cwd": tmp_path}


@pytest.fixture
def without_role(conn: psycopg.Connection) -> Iterator[None]:
    """Roles belong to the whole cluster, so the example's role is dropped."""
    yield
    if conn.execute("SELECT FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
        conn.execute(f"DROP OWNED BY {ROLE}")
        conn.execute(f"DROP ROLE {ROLE}")


def run(chosen: list[tuple[str, str]], shell: dict[str, object], conn: psycopg.Connection) -> None:
    for language, text in chosen:
        if language == "sql":
            conn.execute(text)
            continue
        done = subprocess.run(  # type: ignore[call-overload]
            ["sh", "-eu", "-c", text], input="y\n" * 5, capture_output=True, text=True, timeout=60, check=False, **shell
        )
        assert done.returncode == 0, (text, done.stdout, done.stderr)


def test_the_examples_of_file_and_program_place_orders(
    shell: dict[str, object], conn: psycopg.Connection, without_role: None
) -> None:
    chosen = [example for example in examples() if example not in section("From your own table")]
    assert [language for language, _ in chosen] == ["sh", "sh", "sh", "sql", "sql"]
    run(chosen, shell, conn)
    orders = conn.execute(
        "SELECT o.number, o.status, o.total_minor, u.email FROM orders o LEFT JOIN users u ON u.id = o.owner_id ORDER BY 1"
    ).fetchall()
    assert orders == [
        ("A-1001", "shipped", 48250, "ana@acme.example"),
        ("A-1002", "paid", 8900, "ben@acme.example"),
        ("A-1003", "placed", 126000, "ana@acme.example"),
        ("SHOP-1", "shipped", 12900, None),
    ]
    # The program's role may do what the guide says, with the number of its tenant.
    conn.execute(f"SET ROLE {ROLE}")
    conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor) VALUES (1, 'P', 'x', 'EUR', 1)"
    )
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("SELECT * FROM tenants")
    conn.execute("RESET ROLE")


def test_the_examples_of_an_own_table_bring_its_orders(shell: dict[str, object], conn: psycopg.Connection) -> None:
    chosen = section("From your own table")
    is_there = "attach" in orders_cli.commands
    commands = [text for language, text in chosen if language == "sh"]
    assert all(text.startswith(ATTACH) for text in commands)
    assert len(commands) == 1
    run([examples()[0], *(example for example in chosen if is_there or example[1] not in commands)], shell, conn)
    orders = conn.execute("SELECT number, customer, total_minor, status FROM orders").fetchall()
    assert orders == ([("S-1", "Villa Fontana", 7490, "paid")] if is_there else [])
