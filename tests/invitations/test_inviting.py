"""An admin invites users: the link, its mail, what is refused, and the end of an invitation."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from webapp import create_app
from webapp.invitations import limits, store
from webapp.services import services

from ..conftest import config_for
from ..support.browser import Person
from ..support.invitations import EMAIL, USERS, accept, invite, invited, link_in, row, words
from ..support.mail_server import mail_server, text_of
from ..support.world import Service, World

pytestmark = pytest.mark.web_role


def test_without_mail_the_link_is_shown_once_and_only_its_hash_is_stored(
    ada: Person, visitor: Person, world: World
) -> None:
    assert "You get a link to send to them. It works once, within 7 days." in words(ada.get(f"{USERS}/new"))
    path = invited(ada, name="Zoë", role="manager")
    assert path not in ada.get(USERS).text
    assert all(word in words(ada.get(USERS)) for word in ("Open invitations", EMAIL, "by Ada Admin", "Manager"))
    seconds, mailed_at = row(world, "extract(epoch FROM expires_at - now()), mailed_at")
    assert 7 * 86_400 - 60 < seconds <= 7 * 86_400
    assert mailed_at is None
    token = path.rpartition("/")[2]
    dumped = world.conn.execute("SELECT string_agg(i::text, ' ') FROM invitations i").fetchone()
    assert dumped is not None
    assert token not in dumped[0]
    page = visitor.get(path)
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert page.headers["Cache-Control"] == "no-store"
    assert "Join Acme & Söhne" in words(page)


def test_with_a_mail_server_the_link_is_mailed_and_not_shown(
    service: Service, world: World, tenant: int, tmp_path: Path
) -> None:
    with mail_server(tmp_path) as server:
        app = create_app(config_for(service, INVITATION_DAYS=2, **server.settings))
        ada = Person(app, world.user(tenant, "Ada\r\nhttps://evil.example Admin", role="admin"))
        response = invite(ada, name="Zoë")
        assert response.location == USERS
        mail = server.newest(1)
        assert server.recipients == [[EMAIL]]
        assert mail["Subject"].strip() == "Ada https: //evil.example Admin invites you to Acme & Söhne on Doorbell"
        body = text_of(mail)
        assert "Hello Zoë," in body
        assert "https://evil" not in body
        assert f"https://bell.example.com{link_in(body)}" in body
        shown = ada.get(USERS)
        assert f"Sent an invitation to {EMAIL}." in words(shown)
        assert "sent by mail" in words(shown)
        assert link_in(body) not in shown.text
        assert accept(Person(app), link_in(body)).location == "/"
        server.answers = ["550 no such mailbox"]
        failed = invite(ada, "typo@example.com")
        assert "The mail was not sent" in words(failed)
        assert link_in(failed.text)
        assert row(world, "mailed_at") == (None,)
        with app.app_context():
            app.extensions["sqlalchemy"].engine.dispose()


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"email": ""}, "Enter an e-mail address, such as name@example.com."),
        ({"email": "zoe@"}, "“zoe@” is not an e-mail address."),
        ({"email": "zoe@example.com\nBcc: all@example.com"}, "is not an e-mail address."),
        ({"name": "x" * 201}, "The name has 201 characters. Enter at most 200."),
        ({"role": "owner"}, "“owner” is not a role. Choose one of the list."),
        ({"email": "ANA@acme.example"}, "ANA@acme.example is a user of your company already."),
        ({"email": "olaf@other.example"}, "olaf@other.example cannot be invited. Use another e-mail address."),
    ],
)
def test_an_invitation_that_is_not_valid_names_the_value_and_is_not_made(
    ada: Person, world: World, tenant: int, fields: dict[str, str], wanted: str
) -> None:
    world.user(tenant, "Ana Silva", email="ana@acme.example", password_hash="x")
    world.user(world.tenant("other", name="Other Secret Ltd"), "Olaf Other", email="olaf@other.example")
    response = invite(ada, **{"email": EMAIL, **fields})
    assert response.status_code == 422
    assert wanted in words(response)
    assert not any(word in response.text for word in ("Other Secret", "Olaf Other"))
    assert world.conn.execute("SELECT count(*) FROM invitations").fetchone() == (0,)


def test_an_address_has_one_open_invitation_per_company(app: Flask, ada: Person, world: World, visitor: Person) -> None:
    first = invited(ada)
    again = invite(ada, EMAIL.upper())
    assert again.status_code == 422
    assert f"{EMAIL.upper()} is invited already." in words(again)
    other = Person(app, world.user(world.tenant("other", name="Other Ltd"), "Olaf Other", role="admin"))
    second = invited(other)
    assert accept(visitor, first).location == "/"
    # The address has an account now, which the link of the other company does not hide.
    late = accept(Person(app), second)
    assert late.status_code == 409
    assert f"{EMAIL} has an account already. Sign in with it." in words(late)
    assert "Acme" not in late.text


def test_a_new_link_ends_the_old_one_and_a_revocation_ends_both(
    ada: Person, visitor: Person, world: World, tenant: int
) -> None:
    old = invited(ada)
    (number,) = row(world, "id")
    world.conn.execute("UPDATE invitations SET expires_at = now() - interval '1 day'")
    assert "Expired" in words(ada.get(USERS))
    new = link_in(ada.send(ada.page(USERS), f"{USERS}/invitations/{number}/link").text)
    assert [visitor.get(path).status_code for path in (old, new)] == [404, 200]
    assert ada.send(ada.page(USERS), f"{USERS}/invitations/{number}/revocation").status_code == 303
    closed = visitor.get(new)
    assert closed.status_code == 410
    assert "This invitation was revoked. Ask Ada Admin for a new one." in words(closed)
    assert accept(visitor, new).status_code == 410
    assert world.conn.execute("SELECT count(*) FROM users WHERE email = %s", [EMAIL]).fetchone() == (0,)
    assert EMAIL not in words(ada.get("/panels/users"))
    for verb in ("link", "revocation"):
        assert ada.post(f"{USERS}/invitations/{number}/{verb}").status_code == 404
    kinds = world.conn.execute("SELECT kind, subject FROM audit_log ORDER BY id").fetchall()
    assert kinds == [("user_invited", EMAIL), ("user_invited", EMAIL), ("invitation_revoked", EMAIL)]


def test_invitations_of_another_company_do_not_exist_and_managers_have_no_such_page(
    app: Flask, ada: Person, world: World, tenant: int
) -> None:
    path = invited(ada)
    (number,) = row(world, "id")
    other = Person(app, world.user(world.tenant("other"), "Olaf Other", role="admin"))
    for verb in ("link", "revocation"):
        assert other.post(f"{USERS}/invitations/{number}/{verb}").status_code == 404
    assert EMAIL not in other.get(USERS).text
    mia = Person(app, world.user(tenant, "Mia Manager", role="manager"))
    assert mia.get(USERS).status_code == 403
    assert invite(mia, "else@example.com").status_code == 403
    assert Person(app).get(path).status_code == 200


def test_invitations_are_limited_per_company(app: Flask, ada: Person, world: World) -> None:
    for _ in range(3):
        assert invite(ada, "olaf@").status_code == 422  # not counted
    invited(ada)
    (tenant_id, number) = row(world, "tenant_id, id")
    limit = services(app).invitation_limits
    assert not any(limit.wait_to_invite(tenant_id) for _ in range(limits.MAX_INVITATIONS - 1))
    refused = invite(ada, "more@example.com")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "Your company made too many invitations within an hour." in words(refused)
    assert ada.post(f"{USERS}/invitations/{number}/link").status_code == 429


def test_a_company_has_a_limit_of_open_invitations(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_OPEN", 1)
    invited(ada)
    assert "You have 1 open invitations, which is the limit." in words(invite(ada, "more@example.com"))
