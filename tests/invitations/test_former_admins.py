"""An invitation ends with the admin's role of the user who made it, and a signed-in user of another company may accept one."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp.invitations import store
from webapp.invitations.store import InvitationRefused, NewInvitation

from ..support.browser import Person
from ..support.invitations import EMAIL, USERS, accept, invited, link_in, row, words
from ..support.world import World


@pytest.mark.parametrize("change", ["role = 'manager'", "disabled_at = now()"])
def test_the_invitations_of_a_former_admin_are_revoked_and_those_of_others_stay(
    app: Flask, ada: Person, visitor: Person, world: World, tenant: int, change: str
) -> None:
    ben = Person(app, world.user(tenant, "Ben Admin", role="admin"))
    left_behind, other = invited(ada, role="admin"), invited(ben, "yan@example.com")
    world.conn.execute(f"UPDATE users SET {change} WHERE name = 'Ada Admin'")
    refused = accept(visitor, left_behind)
    assert (refused.status_code, "This invitation was revoked." in words(refused)) == (410, True)
    assert world.conn.execute("SELECT FROM users WHERE email = %s", [EMAIL]).fetchone() is None
    assert EMAIL not in ben.get(USERS).text
    assert accept(Person(app), other).location == "/"


def test_an_invitation_that_a_former_admin_has_sent_again_is_revoked_too(
    app: Flask, ada: Person, visitor: Person, world: World, tenant: int
) -> None:
    """The former admin may have seen the new link."""
    ben = Person(app, world.user(tenant, "Ben Admin", role="admin"))
    invited(ada, role="admin")
    (number,) = row(world, "id")
    seen_by_ben = link_in(ben.send(ben.page(USERS), f"{USERS}/invitations/{number}/link").text)
    assert visitor.get(seen_by_ben).status_code == 200
    world.conn.execute("UPDATE users SET disabled_at = now() WHERE name = 'Ben Admin'")
    assert accept(visitor, seen_by_ben).status_code == 410
    assert world.conn.execute("SELECT FROM users WHERE email = %s", [EMAIL]).fetchone() is None


def test_a_change_that_leaves_an_admin_an_admin_keeps_the_invitations(
    ada: Person, visitor: Person, world: World
) -> None:
    path = invited(ada)
    world.conn.execute("UPDATE users SET name = 'Ada', role = 'admin', disabled_at = NULL, password_hash = 'x'")
    assert accept(visitor, path).location == "/"


@pytest.mark.usefixtures("app_context")
def test_a_user_who_lost_the_role_meanwhile_invites_no_one(world: World, tenant: int) -> None:
    for columns in ({"role": "manager"}, {"role": "admin", "disabled_at": world.now()}):
        user = world.user(tenant, f"{columns['role']} Former", **columns)
        with pytest.raises(InvitationRefused, match="You are not an admin any more"):
            store.create(tenant, NewInvitation(EMAIL, "admin", created_by=user), 7)
        with pytest.raises(InvitationRefused, match="You are not an admin any more"):
            store.renew(tenant, 1, 7, by=user)
    assert world.conn.execute("SELECT count(*) FROM invitations").fetchone() == (0,)


@pytest.mark.web_role
def test_a_signed_in_user_of_another_company_accepts_and_is_signed_out_there(
    app: Flask, ada: Person, world: World, tenant: int
) -> None:
    other = world.tenant("other")
    olaf_id = world.user(other, "Olaf Other", role="admin")
    olaf = Person(app, olaf_id)
    path = invited(ada)
    assert "You are signed in as Olaf Other." in words(olaf.get(path))
    with olaf.client.session_transaction() as session:
        key = session["_session"]
    world.conn.execute(
        "INSERT INTO user_sessions (tenant_id, id, user_id, ends_at, method, address, browser)"
        " VALUES (%s, %s, %s, now() + interval '1 hour', '', '', '') ON CONFLICT DO NOTHING",
        [other, key, olaf_id],
    )
    world.conn.execute(
        "INSERT INTO push_subscriptions (tenant_id, user_id, endpoint, p256dh, auth, base_path, session_id, session_ends)"
        " VALUES (%s, %s, 'https://push.example/1', '', '', '', %s, now() + interval '1 hour')",
        [other, olaf_id, key],
    )
    assert accept(olaf, path).location == "/"
    assert "Zoë Ångström" in olaf.get("/settings/profile").text
    left = "SELECT (SELECT count(*) FROM user_sessions WHERE id = %s), (SELECT count(*) FROM push_subscriptions)"
    assert world.conn.execute(left, [key]).fetchone() == (0, 0)
    signed_out = world.conn.execute("SELECT tenant_id, actor_id FROM audit_log WHERE kind = 'sign_out'").fetchall()
    assert signed_out == [(other, olaf_id)]
