"""Every kind of entry is written by a real action, and in the action's own transaction."""

from __future__ import annotations

from typing import Any

import click
import pytest
from flask import Flask
from flask.cli import ScriptInfo

from webapp.accounts import admin as accounts_admin
from webapp.audit import origin
from webapp.audit.kinds import Kind
from webapp.display.audit_kinds import LABELS
from webapp.orders import place
from webapp.orders.errors import OrderError

from ..support.browser import Person
from ..support.world import World
from . import writing_routes
from .actions import ACTIONS, ELSEWHERE, HOSTILE, Stage
from .recorder import Recorder
from .test_entry_texts import RAW

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"


def entries(world: World, columns: str = "kind") -> list[tuple[Any, ...]]:
    return world.conn.execute(f"SELECT {columns} FROM audit_log ORDER BY id").fetchall()


def test_every_kind_has_an_action_and_a_label() -> None:
    assert set(ACTIONS) | ELSEWHERE == set(Kind) == set(LABELS)
    assert not set(ACTIONS) & ELSEWHERE


def test_each_action_is_recorded_with_its_actor(stage: Stage) -> None:
    seen, recorder = 0, Recorder(stage.app, stage.world)
    for kind, act in ACTIONS.items():
        act(stage)
        found = entries(stage.world, "id, kind, origin, actor_name, address")
        new = [entry[1:] for entry in found if entry[0] > seen]
        seen = found[-1][0] if found else seen
        assert kind in [entry[0] for entry in new], f"{kind} was not recorded, but {new}"
        for _kind, source, actor, address in new:
            assert (source == "browser") == (address == "127.0.0.1"), new
            if source == "command line":
                assert actor.startswith("command line ("), new
            elif source == "worker":
                assert actor == "Doorbell", new
    page = stage.admin.page("/settings/audit-log")
    assert not [cell.text for cell in page.select(".audit-what") if RAW.search(cell.text.replace(HOSTILE, ""))]
    for further in writing_routes.ACTIONS:
        further(stage)
    proven = {name: set(kinds) for name, (kinds, proof) in writing_routes.rows().items() if proof == "requested"}
    assert {endpoint: recorder.found.get(endpoint, set()) for endpoint in proven} == proven
    assert not any(recorder.found.get(endpoint) for endpoint in writing_routes.NOTHING)


def test_a_refund_names_its_actor_address_session_and_browser(world: World, admin: Person, tenant: int) -> None:
    order = world.order(tenant, 1000, paid_at="2026-11-01")
    number = world.conn.execute("SELECT number FROM orders WHERE id = %s", [order]).fetchone()
    assert number is not None
    admin.post(f"/orders/{number[0]}/refunds", {"amount": "5.00"}, headers={"User-Agent": FIREFOX})
    columns = "kind, subject, actor_name, address, length(session), browser, details"
    details = {"amount_minor": 500, "currency": "EUR"}
    assert entries(world, columns) == [
        ("order_refunded", number[0], "Mia Admin", "127.0.0.1", 8, "Firefox 131 on Linux", details)
    ]


def test_a_refused_action_leaves_no_entry(app: Flask, world: World, admin: Person, tenant: int) -> None:
    with app.app_context():
        order = place(tenant, "Toms", source="form", total_minor=1000)
        with pytest.raises(accounts_admin.AccountError):
            accounts_admin.create_user("mia.1@example.com", "nowhere", "Mia", "sales", "correct horse battery")
    assert admin.post(f"/orders/{order.number}/refunds", {"amount": "5.00"}).status_code == 409
    assert admin.post("/settings/tv/7/revocation").status_code == 303
    assert entries(world) == []


def test_a_change_that_is_rolled_back_leaves_no_entry(app: Flask, world: World, tenant: int) -> None:
    """PostgreSQL refuses the change after the entry was written."""
    order = world.order(tenant, 1000, paid_at="2026-11-01")
    world.conn.execute("ALTER TABLE orders ADD CONSTRAINT no_refund CHECK (refunded_minor = 0) NOT VALID")
    from webapp.orders import refund

    number = world.conn.execute("SELECT number FROM orders WHERE id = %s", [order]).fetchone()
    assert number is not None
    with app.app_context(), pytest.raises(Exception, match="no_refund"):
        refund(tenant, number[0], 500)
    assert entries(world) == []
    world.conn.execute("ALTER TABLE orders DROP CONSTRAINT no_refund")
    with app.app_context():
        refund(tenant, number[0], 500)
        with pytest.raises(OrderError):
            refund(tenant, number[0], 5000)
    assert entries(world) == [("order_refunded",)]


def test_a_failed_sign_in_has_what_was_tried_but_never_a_password(app: Flask, world: World, tenant: int) -> None:
    world.user(tenant, "Zoe Berg", email="zoe@example.com")
    visitor = Person(app)
    for email in ("ZOE@example.com", "stranger@example.com", "my secret password"):
        visitor.post("/sign-in", {"email": email, "password": "wrong"})
    assert entries(world, "tenant_id, subject, subject_id IS NULL, details ->> 'reason'") == [
        (tenant, "ZOE@example.com", False, "no password set"),
        (None, "stranger@example.com", True, "unknown e-mail"),
        (None, None, True, "unknown e-mail"),
    ]


def test_a_command_of_celery_is_a_worker_and_not_the_command_line() -> None:
    for present, name in ((object(), "worker"), (ScriptInfo(), "command line")):
        with click.Context(click.Command("worker"), obj=present):
            assert origin.present().name == name


def test_two_clicks_on_one_button_are_recorded_once(world: World, admin: Person, tenant: int) -> None:
    world.conn.execute(
        "INSERT INTO tv_links (tenant_id, name, token_hash, screens) VALUES (%s, 'Hall', sha256('x'), '{today}')",
        [tenant],
    )
    link = world.conn.execute("SELECT id FROM tv_links").fetchone()
    assert link is not None
    for _tab in range(2):
        admin.post(f"/settings/tv/{link[0]}/revocation")
    assert entries(world, "kind, subject") == [("tv_link_revoked", "Hall")]
