"""Passkeys: added, used alone and as the second step, removed; answers that prove nothing are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from webapp.second_factor.relying_party import RelyingParty, relying_party

from ..support.soft_passkey import PRESENT, SoftPasskey
from ..support.two_step import Clock, Visitor, codes_on, visitor
from ..support.world import World

pytestmark = pytest.mark.web_role

PASSKEYS = "/settings/security/passkeys"


def add(browser: Visitor, passkey: SoftPasskey, name: str = "Ana's laptop") -> Any:
    answer = passkey.create(browser.options(f"{PASSKEYS}/options"))
    return browser.send(PASSKEYS, {"name": name, "answer": answer})


def use(browser: Visitor, passkey: SoftPasskey) -> Any:
    return browser.send("/sign-in/passkey", passkey.get(browser.options("/sign-in/passkey/options")))


@pytest.fixture
def passkey(ana: Visitor) -> SoftPasskey:
    """A passkey of Ana's, her only factor."""
    passkey = SoftPasskey()
    assert add(ana, passkey).json == {"codes": True, "next": "/settings/security/two-step"}
    return passkey


def test_a_passkey_alone_signs_in(ana: Visitor, passkey: SoftPasskey, world: World) -> None:
    other = ana.another()
    answer = use(other, passkey)
    assert (answer.status_code, answer.json) == (200, {"next": "/"})
    assert other.is_signed_in()
    assert "Ana&#39;s laptop" in other.get("/settings/security/two-step").text
    newest = world.conn.execute("SELECT kind, details FROM audit_log ORDER BY id DESC LIMIT 1").fetchone()
    assert newest == ("sign_in", {"way": "passkey"})


def test_where_passwords_are_off_a_passkey_is_refused_in_words(
    ana: Visitor, passkey: SoftPasskey, world: World
) -> None:
    """The script of the page reads JSON."""
    world.conn.execute("UPDATE users SET role = 'sales'")
    world.conn.execute(
        "INSERT INTO sso_connections (tenant_id, issuer, client_id, client_secret, passwords_off)"
        " SELECT id, 'https://login.example.com', 'doorbell', '', true FROM tenants"
    )
    other = ana.another()
    answer = use(other, passkey)
    assert (answer.status_code, "Passwords are turned off." in answer.json["problem"]) == (403, True)
    assert not other.is_signed_in()


def test_while_the_company_is_to_be_deleted_a_passkey_is_refused_in_words(
    ana: Visitor, passkey: SoftPasskey, world: World
) -> None:
    world.conn.execute("UPDATE users SET role = 'sales'")
    world.conn.execute("UPDATE tenants SET deletion_at = now() + interval '7 days'")
    other = ana.another()
    answer = use(other, passkey)
    assert (answer.status_code, "going to be deleted" in answer.json["problem"]) == (403, True)
    assert not other.is_signed_in()
    newest = world.conn.execute("SELECT kind, details FROM audit_log ORDER BY id DESC LIMIT 1").fetchone()
    assert newest == ("sign_in_failed", {"method": "passkey", "reason": "closed"})


def test_a_passkey_is_the_second_step_after_the_password(ana: Visitor, passkey: SoftPasskey) -> None:
    other = ana.another()
    assert other.enter_password().location == "/sign-in/second-factor"
    options = other.options("/sign-in/passkey/options")
    assert [one["id"] for one in options["allowCredentials"]] == [pack_id(passkey)]
    assert options["userVerification"] == "required"
    assert other.send("/sign-in/passkey?next=/history", passkey.get(options)).json == {"next": "/history"}
    assert other.is_signed_in()


def test_the_first_passkey_comes_with_recovery_codes(ana: Visitor, passkey: SoftPasskey, world: World) -> None:
    assert len(codes_on(ana.post("/settings/security/two-step/recovery-codes"))) == 10
    newest = world.conn.execute("SELECT kind, subject FROM audit_log ORDER BY id DESC LIMIT 1").fetchone()
    assert newest == ("second_factor_codes_renewed", "Ana Silva")


def test_a_removed_passkey_signs_in_no_more(ana: Visitor, passkey: SoftPasskey, world: World) -> None:
    row = world.conn.execute("SELECT id FROM passkeys").fetchone()
    assert row is not None
    ana.post(f"{PASSKEYS}/{row[0]}/removal")
    other = ana.another()
    assert use(other, passkey).status_code == 422
    assert other.enter_password().location == "/", "it was the only factor"
    entries = world.conn.execute(
        "SELECT kind, details FROM audit_log WHERE kind LIKE 'passkey%' ORDER BY id"
    ).fetchall()
    named = {"person": {"passkey": "Ana's laptop"}}
    assert entries == [("passkey_added", named), ("passkey_removed", named)]


def _not_verified(passkey: SoftPasskey) -> None:
    passkey.flags = PRESENT


def _of_a_false_site(passkey: SoftPasskey) -> None:
    passkey.origin = "https://localhost.example.com"


def _of_another_domain(passkey: SoftPasskey) -> None:
    passkey.domain = "example.com"


def _unknown(passkey: SoftPasskey) -> None:
    passkey.id = b"another credential"


def _of_another_user(passkey: SoftPasskey) -> None:
    passkey.handle = b"x" * 32


def _with_another_key(passkey: SoftPasskey) -> None:
    passkey._key = SoftPasskey()._key


@pytest.mark.parametrize(
    "fault", [_not_verified, _of_a_false_site, _of_another_domain, _unknown, _of_another_user, _with_another_key]
)
def test_an_answer_that_proves_nothing_is_refused(
    ana: Visitor, passkey: SoftPasskey, fault: Callable[[SoftPasskey], None]
) -> None:
    fault(passkey)
    for other in (ana.another(), ana.another()):
        assert use(other, passkey).status_code == 422
        assert not other.is_signed_in()
        other.enter_password()
        assert use(other, passkey).status_code == 422, "nor as a second step"


@pytest.mark.parametrize("fault", [_not_verified, _of_a_false_site, _of_another_domain])
def test_a_passkey_made_elsewhere_or_without_verification_is_not_stored(
    ana: Visitor, world: World, fault: Callable[[SoftPasskey], None]
) -> None:
    passkey = SoftPasskey()
    fault(passkey)
    assert add(ana, passkey).status_code == 422
    assert world.conn.execute("SELECT count(*) FROM passkeys").fetchone() == (0,)


def test_an_answer_counts_once_also_with_a_copy_of_the_cookie(ana: Visitor, passkey: SoftPasskey) -> None:
    first, second = ana.another(), ana.another()
    options = first.options("/sign-in/passkey/options")
    token, cookie = first.token(), first.client.get_cookie("session")
    assert cookie is not None
    second.client.set_cookie("session", cookie.value)
    answer, headers = passkey.get(options), {"X-CSRFToken": token}
    assert first.client.post("/sign-in/passkey", json=answer, headers=headers).status_code == 200
    assert second.client.post("/sign-in/passkey", json=answer, headers=headers).status_code == 422


def test_a_sign_counter_that_does_not_grow_is_refused(ana: Visitor, passkey: SoftPasskey, world: World) -> None:
    passkey.count = 5
    assert use(ana.another(), passkey).status_code == 200
    assert use(ana.another(), passkey).status_code == 422, "a copy of the key"
    passkey.count = 6
    assert use(ana.another(), passkey).status_code == 200
    assert world.conn.execute("SELECT sign_count FROM passkeys").fetchone() == (6,)


def test_a_passkey_of_another_user_is_not_a_second_step(
    app: Flask, ana: Visitor, passkey: SoftPasskey, world: World, clock: Clock
) -> None:
    eve = visitor(app, world, clock, "Eve Moss", tenant=world.tenant("other"))
    eve.sign_in()
    hers = SoftPasskey()
    add(eve, hers)
    halfway = ana.another()
    halfway.enter_password()
    assert use(halfway, hers).status_code == 422
    assert use(halfway, passkey).status_code == 200


def test_a_disabled_user_does_not_sign_in_with_a_passkey(ana: Visitor, passkey: SoftPasskey, world: World) -> None:
    world.conn.execute("UPDATE users SET disabled_at = now()")
    answer = use(ana.another(), passkey)
    assert answer.status_code == 422
    assert "disabled" in answer.json["problem"]


@pytest.mark.parametrize("body", [None, [], {}, {"id": 7}, {"id": "!"}, {"id": "x", "response": None}, "text"])
def test_malformed_answers_are_refused(ana: Visitor, passkey: SoftPasskey, body: Any) -> None:
    other = ana.another()
    other.send("/sign-in/passkey/options", {})
    assert other.send("/sign-in/passkey", body).status_code == 422
    ana.send(f"{PASSKEYS}/options", {})
    assert ana.send(PASSKEYS, body if isinstance(body, list) else {"answer": body, "name": []}).status_code == 422


@pytest.mark.parametrize(
    ("address", "setting", "expected"),
    [
        ("https://board.example.com/", "", RelyingParty("board.example.com", "https://board.example.com")),
        (
            "https://board.example.com:8443/",
            "example.com",
            RelyingParty("example.com", "https://board.example.com:8443"),
        ),
        ("http://localhost:8000/", "", RelyingParty("localhost", "http://localhost:8000")),
        ("http://board.example.com/", "", None),
        ("https://127.0.0.1/", "", None),
        ("https://[::1]/", "", None),
        ("https://notexample.com/", "example.com", None),
    ],
)
def test_passkeys_belong_to_the_domain_of_the_page(address: str, setting: str, expected: RelyingParty | None) -> None:
    assert relying_party(address, setting) == expected


def pack_id(passkey: SoftPasskey) -> str:
    from ..support.soft_passkey import pack

    return pack(passkey.id)
