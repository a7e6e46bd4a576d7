"""The table of roles and permissions, and how routes and templates ask it."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from flask import Flask, render_template_string

from webapp.accounts.permissions import PERMISSIONS, Permission, may, roles_with
from webapp.accounts.role_names import ROLE_DESCRIPTIONS, ROLE_NAMES
from webapp.models import ROLES
from webapp.routes.access import needs

from ..support.browser import Person
from ..support.processes import ROOT
from ..support.world import World


def test_each_role_has_permissions_a_name_and_a_description() -> None:
    assert tuple(PERMISSIONS) == tuple(ROLE_NAMES) == tuple(ROLE_DESCRIPTIONS) == ROLES


def test_a_manager_may_all_that_a_salesperson_may_and_an_admin_everything() -> None:
    assert PERMISSIONS["sales"] | PERMISSIONS["viewer"] < PERMISSIONS["manager"] < PERMISSIONS["admin"]
    assert PERMISSIONS["admin"] == set(Permission)


def test_a_viewer_changes_nothing() -> None:
    assert PERMISSIONS["viewer"] == {Permission.SEE_TEAM}


def test_a_role_that_this_version_does_not_know_has_no_permission() -> None:
    assert [name for name in Permission if may(SimpleNamespace(role="owner"), name)] == []


def test_the_roles_of_a_permission_begin_with_the_one_that_may_least() -> None:
    assert roles_with(Permission.PLACE_ORDERS) == ("sales", "manager", "admin")
    assert roles_with(Permission.MANAGE_USERS) == ("admin",)


@pytest.mark.parametrize(
    ("permission", "roles", "advice"),
    [
        (Permission.PLACE_ORDERS, {"sales", "manager", "admin"}, "Viewers can only read."),
        (Permission.SET_TARGETS, {"manager", "admin"}, "Only managers and admins can do this."),
        (Permission.MANAGE_USERS, {"admin"}, "Only admins can do this."),
    ],
)
def test_a_route_that_needs_a_permission_is_refused_to_other_roles_with_advice(
    app: Flask, world: World, permission: Permission, roles: set[str], advice: str
) -> None:
    # The order of the two decorators does not matter.
    @needs(permission)
    @app.get("/needy")
    def needy() -> str:
        return render_template_string("{{ may('place_orders') }} {{ may('manage_users') }}")

    tenant = world.tenant()
    for role in ROLES:
        answer = Person(app, world.user(tenant, f"{role} person", role=role)).get("/needy")
        if role in roles:
            assert (answer.status_code, answer.text) == (200, f"True {role == 'admin'}"), role
        else:
            assert answer.status_code == 403, role
            assert advice in answer.text, role


def test_a_signed_out_page_may_do_nothing(app: Flask) -> None:
    with app.test_request_context():
        assert render_template_string("{{ may('see_team') }}") == "False"


def test_the_page_of_roles_has_the_table_of_the_code() -> None:
    page = (ROOT / "docs" / "roles.md").read_text()
    rows = re.findall(r"^\| .*\(`(\w+)`\) \|(.*)\|$", page, re.MULTILINE)
    shown = {name: [cell.strip() == "yes" for cell in cells.split("|")] for name, cells in rows}
    assert shown == {name: [name in PERMISSIONS[role] for role in ROLES] for name in Permission}
