"""`flask privacy`, as an operator runs it."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

from flask import Flask

from ..support.account_commands import flask
from ..support.privacy import places
from ..support.world import World

ERIKA = "Erika Mustermann"


def test_a_customer_is_exported_shown_and_erased(app: Flask, world: World, tmp_path: Path) -> None:
    world.order(world.tenant(), customer=ERIKA)
    subject = ("--customer", ERIKA.lower(), "--tenant", "acme")
    path = tmp_path / "erika.zip"
    assert "Wrote" in flask(app, "privacy", "export", *subject, "--to", str(path)).stdout
    with ZipFile(path) as file:
        assert ERIKA.encode() in file.read("orders.json")
    assert "exists" in flask(app, "privacy", "export", *subject, "--to", str(path)).stderr

    shown = flask(app, "privacy", "erase", *subject).stdout
    assert "Orders: 1\n" in shown
    assert "Nothing was changed" in shown
    assert places(world.conn, ERIKA) == {"orders.customer"}
    assert "Erased: the name is now 'Erased customer" in flask(app, "privacy", "erase", *subject, "--yes").stdout
    assert places(world.conn, ERIKA) == set()


def test_a_person_is_erased_by_the_address(app: Flask, world: World) -> None:
    world.user(world.tenant(), "Zoë Quux", email="zoe@example.com")
    assert "no user 'zoe@example.org'" in flask(app, "privacy", "erase", "--user", "zoe@example.org").stderr
    assert flask(app, "privacy", "erase", "--user", "Zoe@example.com", "--yes").exit_code == 0
    assert places(world.conn, "zoe@example.com", "Quux") == set()


def test_a_subject_has_to_be_named_completely(app: Flask) -> None:
    assert "--customer NAME --tenant SLUG, or --user EMAIL" in flask(app, "privacy", "erase").stderr
    assert "Name the tenant" in flask(app, "privacy", "erase", "--customer", "Erika").stderr
    assert "There is no tenant" in flask(app, "privacy", "erase", "--customer", "E", "--tenant", "x").stderr
