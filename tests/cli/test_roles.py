"""`flask roles --processes`: SQL that is ready to run, with names by option, as often as wanted."""

from __future__ import annotations

import psycopg
from flask import Flask

NAMES = ["--web", "acme_web", "--listener", "acme listener", "--worker", "acme_worker"]


def run(app: Flask, *args: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["roles", "--processes", *args])
    return result.exit_code, result.output


def test_the_printed_sql_runs_as_it_is_and_again(app: Flask, conn: psycopg.Connection) -> None:
    for _ in range(2):
        code, output = run(app, *NAMES)
        assert code == 0
        conn.execute(output.encode())
    policy = "SELECT count(*) FROM pg_policy WHERE polname = 'tenant_acme_web' AND NOT polpermissive"
    assert (
        conn.execute(policy).fetchone()
        == conn.execute("SELECT count(*) FROM pg_policy WHERE polname = 'everyone'").fetchone()
    )
    assert conn.execute("SELECT pg_has_role('acme_worker', 'acme listener', 'MEMBER')").fetchone() == (True,)


def test_create_makes_the_roles_and_says_what_comes_next(app: Flask, conn: psycopg.Connection) -> None:
    code, output = run(app, "--create", *NAMES)
    assert (code, "acme_web, acme listener and acme_worker have their rights. Give each a password" in output) == (
        0,
        True,
    )
    assert conn.execute("SELECT has_table_privilege('acme_web', 'orders', 'DELETE')").fetchone() == (False,)


def test_names_that_cannot_be_used_are_refused(app: Flask) -> None:
    code, output = run(app, "--create", "--web", "same", "--worker", "same")
    assert (code, "need different names" in output) == (2, True)
    code, output = run(app, "--create", "--web", "w" * 60)
    assert (code, "is longer than 56 bytes" in output) == (2, True)
