"""`flask audit list`, as an operator runs it."""

from __future__ import annotations

import csv
import io

import pytest
from flask import Flask

from webapp.audit.kinds import Kind
from webapp.audit.recording import record
from webapp.cli import audit

from ..support.account_commands import flask
from ..support.browser import Person
from ..support.world import World


def test_failed_sign_ins_of_unknown_addresses_are_listed_for_the_operator(app: Flask, world: World) -> None:
    tenant = world.tenant("acme")
    record(world.conn, Kind.ORDER_REFUNDED, tenant_id=tenant, subject="1001")
    Person(app).post("/sign-in", {"email": "stranger@example.com", "password": "wrong"})
    shown = flask(app, "audit", "list", "--no-tenant")
    assert (shown.exit_code, shown.stderr) == (0, "")
    heads, line = shown.output.splitlines()
    assert heads.split() == list(audit.HEADS)
    assert "sign_in_failed  stranger@example.com  127.0.0.1" in line
    assert "1001" in flask(app, "audit", "list", "--tenant", "acme").output
    assert "no such entries" in flask(app, "audit", "list", "--no-tenant", "--kind", "sign_out").output
    assert "no such entries" in flask(app, "audit", "list", "--no-tenant", "--since", "2999-01-01T00:00Z").output


def test_the_csv_file_has_every_entry_once_and_is_recorded(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "PAGE_ENTRIES", 2)
    for number in range(5):
        record(world.conn, Kind.SIGN_IN_FAILED, tenant_id=None, subject=f"=cmd|{number}@x.example")
    shown = flask(app, "audit", "list", "--no-tenant", "--csv")
    rows = list(csv.reader(io.StringIO(shown.stdout)))
    assert tuple(rows[0]) == audit.HEADS
    assert rows[1][3] == "export"
    assert [row[4].lstrip("'") for row in rows[2:]] == [f"=cmd|{number}@x.example" for number in (4, 3, 2, 1, 0)]
    assert not any(cell.startswith("=") for row in rows for cell in row)
    newest = flask(app, "audit", "list", "--no-tenant", "--csv", "--limit", "3")
    assert len(list(csv.reader(io.StringIO(newest.stdout)))) == 4


def test_a_typed_subject_does_not_control_the_terminal(app: Flask, world: World) -> None:
    record(world.conn, Kind.SIGN_IN_FAILED, tenant_id=None, subject="\x1b[2J\r\n@\u202e")
    assert r"\u001b[2J\u000d\u000a@\u202e" in flask(app, "audit", "list", "--no-tenant").output


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "Give either --tenant SLUG or --no-tenant."),
        (["--no-tenant", "--tenant", "acme"], "Give either --tenant SLUG or --no-tenant."),
        (["--tenant", "nowhere"], "'nowhere'"),
        (["--no-tenant", "--since", "yesterday"], "yesterday"),
        (["--no-tenant", "--kind", "sing_in"], "sing_in"),
        (["--no-tenant", "--limit", "0"], "0 is not in the range"),
    ],
)
def test_an_option_that_is_not_valid_is_named(app: Flask, words: list[str], problem: str) -> None:
    refused = flask(app, "audit", "list", *words)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert problem in refused.stderr
