"""The pages of users: an admin finds, renames, promotes, disables, enables and signs out the users of the company."""

from __future__ import annotations

import pytest
from flask import Flask

from ..support.browser import Person
from ..support.invitations import USERS, words
from ..support.world import World

pytestmark = pytest.mark.web_role


@pytest.fixture
def ada(app: Flask, world: World, tenant: int) -> Person:
    return Person(app, world.user(tenant, "Ada Admin", role="admin"))


@pytest.fixture
def ben(world: World, tenant: int) -> int:
    return world.user(tenant, "Ben Okafor", password_hash="x")


def stored(world: World, user: int) -> tuple[object, ...] | None:
    return world.conn.execute(
        "SELECT name, role, disabled_at IS NOT NULL, sessions_from IS NOT NULL FROM users WHERE id = %s", [user]
    ).fetchone()


def test_the_list_has_each_user_of_the_company_with_role_and_state(
    ada: Person, world: World, tenant: int, ben: int
) -> None:
    world.user(tenant, "Vera Viewer", role="viewer")
    world.user(tenant, "Carl Gone", password_hash="x", disabled_at=world.now())
    world.user(world.tenant("other"), "Olaf Other")
    page = ada.page(USERS)
    rows = [" ".join(row.get_text(" ").split()) for row in page.select("#users-list > li")]
    email = f"{tenant}@example.com"
    assert rows == [
        f"Ada Admin You ada.{email} Admin No password",
        f"Ben Okafor ben.{email} Salesperson Active",
        f"Vera Viewer vera.{email} Viewer No password",
        f"Carl Gone carl.{email} Salesperson Disabled",
    ]
    assert "4 users" in page.get_text()
    part = ada.get("/panels/users")
    assert ada.get("/panels/users", headers={"If-None-Match": part.headers["ETag"]}).status_code == 304


def test_the_page_shows_when_a_user_was_last_seen(app: Flask, ada: Person, world: World, tenant: int, ben: int) -> None:
    path = f"{USERS}/{ben}"
    assert "Not in the last weeks" in words(ada.get(path))
    world.conn.execute(
        "INSERT INTO user_sessions (tenant_id, id, user_id, seen_at, ends_at, method, address, browser) SELECT %s,"
        " gen_random_uuid(), %s, at, now() + interval '1 day', '', '', '' FROM unnest(%s::timestamptz[]) AS at",
        [tenant, ben, ["2026-03-02T09:15Z", "2026-03-01T09:15Z"]],
    )
    assert "Last seen 2 Mar, 10:15" in words(ada.get(path))
    assert "Salesperson seen 2 Mar, 10:15" in words(ada.get(USERS))
    ada.send(ada.page(path), f"{path}/sign-out")
    assert world.conn.execute("SELECT count(*) FROM user_sessions WHERE user_id = %s", [ben]).fetchone() == (0,)


def test_the_search_finds_words_of_names_and_addresses(ada: Person, world: World, tenant: int, ben: int) -> None:
    world.user(tenant, "100% Discount_Desk", email="desk@example.com")
    for query, name in (
        ("ben ok", "Ben Okafor"),
        (f"BEN.{tenant}@", "Ben Okafor"),
        ("%", "100% Discount_Desk"),
        ("t_d", "100% Discount_Desk"),
    ):
        names = [link.get_text() for link in ada.page(f"{USERS}?q={query.replace('%', '%25')}").select("#users-list a")]
        assert names == [name], query
    nothing = ada.get(f"{USERS}?q=<b>zzz")
    assert "No user matches “<b>zzz”" in words(nothing)
    assert "<b>zzz" not in nothing.text
    assert ada.get(f"{USERS}?q=a%00b").status_code == 200


def test_a_user_is_renamed_and_given_a_role(ada: Person, world: World, ben: int) -> None:
    path = f"{USERS}/{ben}"
    assert ada.send(ada.page(path), f"{path}/name", name="  Ben  <b>Øk</b> ").location == path
    assert "Renamed to Ben <b>Øk</b>." in words(ada.get(path))
    assert stored(world, ben) == ("Ben <b>Øk</b>", "sales", False, False)
    ada.send(ada.page(path), f"{path}/role", role="viewer")
    assert stored(world, ben) == ("Ben <b>Øk</b>", "viewer", False, True)
    ada.send(ada.page(path), f"{path}/role", role="viewer")
    assert "was like that already. Nothing was changed." in words(ada.get(path))


@pytest.mark.parametrize(
    ("verb", "fields", "wanted"),
    [
        ("name", {"name": ""}, "Enter a name."),
        ("name", {"name": "x" * 201}, "The name has 201 characters. Enter at most 200."),
        ("role", {"role": "owner"}, "“owner” is not a role. Choose one of the list."),
        ("role", {}, "“” is not a role."),
    ],
)
def test_a_value_that_is_not_valid_is_named_and_changes_nothing(
    ada: Person, world: World, ben: int, verb: str, fields: dict[str, str], wanted: str
) -> None:
    refused = ada.post(f"{USERS}/{ben}/{verb}", fields)
    assert refused.status_code == 422
    assert wanted in words(refused)
    assert stored(world, ben) == ("Ben Okafor", "sales", False, False)


def test_a_user_is_disabled_enabled_and_signed_out(app: Flask, ada: Person, world: World, ben: int) -> None:
    path, person = f"{USERS}/{ben}", Person(app, ben)
    assert person.get("/orders").status_code == 200
    ada.send(ada.page(path), f"{path}/disabling")
    assert "Disabled Ben Okafor, who is signed out everywhere within seconds." in words(ada.get(path))
    assert person.get("/orders").status_code == 303
    assert person.get("/panels/revenue").status_code == 401
    ada.send(ada.page(path), f"{path}/enabling")
    assert stored(world, ben) == ("Ben Okafor", "sales", False, True)
    world.conn.execute("UPDATE users SET sessions_from = NULL")
    ada.send(ada.page(path), f"{path}/sign-out")
    assert "Signed Ben Okafor out everywhere." in words(ada.get(path))
    assert stored(world, ben) == ("Ben Okafor", "sales", False, True)


def test_an_admin_resets_the_two_step_sign_in_of_a_user(app: Flask, ada: Person, world: World, ben: int) -> None:
    path, person = f"{USERS}/{ben}", Person(app, ben)
    assert ada.page(path).select_one("#reset-second-factor") is None
    world.conn.execute("UPDATE users SET second_factor_at = now() WHERE id = %s", [ben])
    assert "two-step" in words(ada.get(USERS))
    ada.send(ada.page(path), f"{path}/second-factor/reset")
    assert "Turned off two-step sign-in for Ben Okafor, who has to sign in again." in words(ada.get(path))
    assert person.get("/orders").status_code == 303
    found = world.conn.execute("SELECT second_factor_at FROM users WHERE id = %s", [ben]).fetchone()
    assert found == (None,)
    kinds = world.conn.execute("SELECT kind, actor_name, subject_id FROM audit_log ORDER BY id DESC LIMIT 1").fetchone()
    assert kinds == ("second_factor_off", "Ada Admin", ben)


def test_an_admin_keeps_the_own_account_and_the_last_admin_the_role(ada: Person, world: World, tenant: int) -> None:
    row = world.conn.execute("SELECT id FROM users WHERE role = 'admin'").fetchone()
    assert row is not None
    path = f"{USERS}/{row[0]}"
    assert ada.page(path).select_one(f'form[action="{path}/disabling"]') is None
    for verb, fields, wanted in (
        ("disabling", {}, "You cannot disable your own account. Ask another admin to do it."),
        ("role", {"role": "manager"}, "Ada Admin is the only active admin. Make another user an admin first."),
    ):
        refused = ada.post(f"{path}/{verb}", fields)
        assert refused.status_code == 409
        assert wanted in words(refused)
    assert stored(world, row[0]) == ("Ada Admin", "admin", False, False)
    world.user(tenant, "Second Admin", role="admin")
    assert ada.post(f"{path}/role", {"role": "manager"}).status_code == 303
    assert ada.get(USERS).status_code == 303  # signed out


@pytest.mark.parametrize("verb", ["", "/name", "/role", "/disabling", "/enabling", "/sign-out", "/second-factor/reset"])
def test_a_user_of_another_company_does_not_exist(ada: Person, world: World, verb: str) -> None:
    other = world.user(world.tenant("other"), "Olaf Other")
    fields = {"name": "Taken Over", "role": "viewer"}
    answer = ada.post(f"{USERS}/{other}{verb}", fields) if verb else ada.get(f"{USERS}/{other}")
    assert answer.status_code == 404
    assert "Your company has no such user." in words(answer)
    assert stored(world, other) == ("Olaf Other", "sales", False, False)
    assert ada.get(f"/panels/users/{other}").status_code == 404


def test_only_admins_have_the_pages(app: Flask, world: World, tenant: int, ben: int) -> None:
    for role in ("viewer", "sales", "manager"):
        person = Person(app, world.user(tenant, f"{role.title()} Person", role=role))
        assert [person.get(path).status_code for path in (USERS, f"{USERS}/{ben}", "/panels/users")] == [403] * 3
        assert person.post(f"{USERS}/{ben}/disabling").status_code == 403
        assert USERS not in person.get("/settings/profile").text
    assert stored(world, ben) == ("Ben Okafor", "sales", False, False)
