"""Renders that users share do not depend on a permission that their scope lacks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from webapp.accounts.cached_user import SHOWN_IN_PANELS
from webapp.panels.registry import PANELS

from ..support.browser import Person
from ..support.world import World

TEMPLATES = Path(__file__).parents[2] / "webapp" / "templates"
SHARED = [*(f"panels/{name}.html" for name in PANELS), "panels/recent_row.html", "panels/orders_list.html"]
SHARED += ["panels/history_page.html"]


def asked(template: str) -> set[str]:
    """The permissions that a template asks for, and those that it includes or imports."""
    text = (TEMPLATES / template).read_text()
    assert "current_user" not in text, f"{template} is shared by users"
    found = set(re.findall(r"\bmay\(\"(\w+)\"\)", text))
    for other in re.findall(r"{%-? (?:include|from|import|extends) \"([^\"]+)\"", text):
        found |= asked(other)
    return found


def test_shared_templates_ask_only_for_permissions_of_the_scope() -> None:
    assert set().union(
        *(asked(template) for template in SHARED if (TEMPLATES / template).exists())
    ) == SHOWN_IN_PANELS - {
        "attach_tables"  # by attach_url()
    }


@pytest.mark.parametrize("order", [("admin", "sales", "viewer"), ("viewer", "sales", "admin")])
def test_the_first_viewer_of_an_empty_board_decides_nothing_for_the_next(
    app: Flask, world: World, order: tuple[str, ...]
) -> None:
    tenant = world.tenant()
    ways = {}
    for role in order:
        person = Person(app, world.user(tenant, f"{role.title()} Person", role=role))
        fragment = person.page("/panels/recent_orders")
        ways[role] = {str(link["href"]).partition("#")[0] for link in fragment.select("a.way")}
        orders = {str(link["href"]) for link in person.page("/panels/orders").select(".empty-note a")}
        assert ("/orders/new" in orders) == (role != "viewer"), role
    assert ways == {
        "admin": {"/orders/new", "/orders/import", "/connect", "/attached"},
        "sales": {"/orders/new", "/connect"},
        "viewer": {"/connect"},
    }


def test_managers_and_admins_share_one_render(app: Flask, world: World) -> None:
    from webapp.accounts.cached_user import panel_scope
    from webapp.models import Tenant, User

    tenant = Tenant(id=1, timezone="UTC", currency="EUR", shows_ranking=True, team_visible=True)
    scopes = {
        role: panel_scope(User(id=n, role=role), tenant, "en_GB")
        for n, role in enumerate(("manager", "admin", "sales"))
    }
    assert scopes["manager"] == scopes["admin"] != scopes["sales"]
