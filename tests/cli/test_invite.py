"""`flask user invite`: how the first admin gets into a new installation."""

from __future__ import annotations

import pytest
from flask import Flask

from ..support.account_commands import TENANT, flask
from ..support.browser import Person
from ..support.invitations import EMAIL, accept, link_in
from ..support.world import World

INVITE = ["user", "invite", EMAIL, "--tenant", "acme", "--role", "admin"]


def test_the_first_admin_of_a_new_installation_gets_in_by_the_printed_link(app: Flask, world: World) -> None:
    assert flask(app, *TENANT).exit_code == 0
    printed = flask(app, *INVITE)
    assert (printed.exit_code, printed.stdout.count("\n")) == (0, 1)
    assert printed.stdout.startswith("http://127.0.0.1:8000/invitation/")
    assert "and makes a user with the role admin." in printed.stderr
    admin = Person(app)
    page = admin.page(link_in(printed.stdout))
    assert "You are invited to Doorbell" in page.get_text()
    assert accept(admin, link_in(printed.stdout)).location == "/"
    assert admin.get("/settings/users").status_code == 200
    kinds = world.conn.execute("SELECT kind, origin FROM audit_log ORDER BY id").fetchall()
    assert ("user_invited", "command line") in kinds


def test_a_second_invitation_replaces_the_link_of_the_first(app: Flask, world: World) -> None:
    flask(app, *TENANT)
    first, second = flask(app, *INVITE), flask(app, *INVITE)
    visitor = Person(app)
    assert [visitor.get(link_in(each.stdout)).status_code for each in (first, second)] == [410, 200]


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({2: "zoe@"}, "'zoe@' is not an e-mail address"),
        ({4: "acne"}, "There is no tenant 'acne'. Existing tenants: acme, other."),
        ({2: "taken@example.com"}, "taken@example.com cannot be invited."),
        ({6: "owner"}, "'owner' is not one of"),
    ],
)
def test_an_invitation_that_is_not_valid_is_refused_in_one_line(
    app: Flask, world: World, changed: dict[int, str], wanted: str
) -> None:
    flask(app, *TENANT)
    world.user(world.tenant("other"), email="taken@example.com")
    refused = flask(app, *[changed.get(place, word) for place, word in enumerate(INVITE)])
    assert refused.exit_code == 2
    assert wanted in refused.stderr
    assert world.conn.execute("SELECT count(*) FROM invitations").fetchone() == (0,)
