"""The settings of two-step sign-in: the password first, set-up by QR code or key, turning off, what is stored."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp.accounts import recent_check
from webapp.second_factor.secret_box import SecretLocked, TotpSecretBox
from webapp.services import services

from ..support.browser import soup
from ..support.processes import SECRET
from ..support.two_step import PASSWORD, Clock, Visitor, codes_on, visitor
from ..support.world import World

PAGE = "/settings/security/two-step"


def later(ana: Visitor) -> None:
    """Ana's last check was longer ago than it counts."""
    with ana.client.session_transaction() as session:
        session["_checked"] -= recent_check.SECONDS


def test_the_set_up_shows_a_qr_code_that_the_policy_allows_and_the_key(ana: Visitor) -> None:
    ana.post(f"{PAGE}/app")
    answer = ana.get(f"{PAGE}/app")
    page = soup(answer)
    code, secret = page.select_one(".two-step-qr svg"), page.select_one("#secret")
    assert code is not None
    assert secret is not None
    assert "style" not in str(code)
    assert secret.get_text().replace(" ", "") == secret["title"]
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert soup(ana.get(f"{PAGE}/app")).select_one("#secret") == secret, "a reload shows the same"


def test_a_wrong_code_turns_nothing_on_and_names_a_wrong_clock(ana: Visitor) -> None:
    ana.post(f"{PAGE}/app")
    secret = soup(ana.get(f"{PAGE}/app")).select_one("#secret")
    assert secret is not None
    ana.secret = str(secret["title"])
    for code, text in (("12345", "six digits"), (ana.code(-5), "about 2 minutes"), (ana.code(900), "not right")):
        answer = ana.post(f"{PAGE}/app/code", code=code)
        assert answer.status_code == 422
        assert text in answer.text
    other = ana.another()
    assert other.enter_password().location == "/"


def test_the_set_up_shows_ten_recovery_codes_once(ana: Visitor) -> None:
    codes = ana.set_up_app()
    assert len(set(codes)) == 10
    assert all(len(code) == 19 for code in codes)
    page = ana.get(PAGE).text
    assert "10 of 10 unused" in page
    assert not any(code in page for code in codes)


def test_secrets_are_stored_encrypted_and_codes_as_hashes(ana: Visitor, codes: list[str], world: World) -> None:
    app = world.conn.execute("SELECT secret FROM authenticator_apps").fetchone()
    assert app is not None
    assert ana.secret.encode() not in bytes(app[0])
    assert TotpSecretBox([SECRET]).unlock(app[0]) == ana.secret
    with pytest.raises(SecretLocked):
        TotpSecretBox(["another key of at least 32 characters"]).unlock(app[0])
    stored = [bytes(code_hash) for (code_hash,) in world.conn.execute("SELECT code_hash FROM recovery_codes")]
    assert not any(code.encode() in stored for code in codes)
    log = str(world.conn.execute("SELECT to_jsonb(a) FROM audit_log a").fetchall())
    assert ana.secret not in log
    assert not any(code in log for code in codes)


def test_a_secret_that_was_shown_long_ago_is_not_used(ana: Visitor, world: World) -> None:
    """A person at an unlocked browser may have seen it."""
    app = f"{PAGE}/app"

    def begin() -> str:
        ana.post(app)
        secret = soup(ana.get(app)).select_one("#secret")
        assert secret is not None
        return str(secret["title"])

    first = begin()
    assert begin() == first, "a second tab shows the same"
    world.conn.execute("UPDATE authenticator_apps SET created_at = now() - interval '16 minutes'")
    assert begin() != first


def test_a_code_encrypts_its_secret_with_the_present_key(halfway: Visitor, world: World, app: Flask) -> None:
    """So that SECRET_KEY can change, and the former one can leave SECRET_KEY_FALLBACKS."""
    new = "the next key, of at least 32 characters"
    services(app).second_factors.apps = type(services(app).second_factors.apps)(TotpSecretBox([new, SECRET]))
    assert halfway.enter_code().status_code == 303
    row = world.conn.execute("SELECT secret FROM authenticator_apps").fetchone()
    assert row is not None
    assert TotpSecretBox([new]).unlock(row[0]) == halfway.secret


def test_a_lost_key_names_the_other_ways(halfway: Visitor, codes: list[str], app: Flask) -> None:
    services(app).second_factors.apps = type(services(app).second_factors.apps)(TotpSecretBox(["x" * 32]))
    answer = halfway.enter_code()
    assert answer.status_code == 422
    assert "Use a recovery code" in answer.text
    assert halfway.post("/sign-in/second-factor", recovery_code=codes[0]).status_code == 303


@pytest.mark.parametrize("path", ["/app", "/app/code", "/app/removal", "/recovery-codes"])
def test_changes_ask_for_the_password_after_a_while(ana: Visitor, codes: list[str], path: str) -> None:
    later(ana)
    answer = ana.post(PAGE + path)
    assert answer.location.startswith("/settings/security/password-check?next=")
    check = answer.location
    assert soup(ana.get(check)).select_one("input[name=password]") is not None
    assert ana.post(check, password="wrong password").status_code == 422
    assert ana.post(PAGE + path).location == check
    back = ana.post(check, password=PASSWORD).location
    assert back == (PAGE + path if path == "/app" else PAGE)
    assert "Nothing was changed yet" in ana.client.get(back, follow_redirects=True).text
    assert ana.post(PAGE + path).location != check


def test_the_password_check_has_the_limits_of_a_sign_in(ana: Visitor, world: World) -> None:
    statuses = [ana.post("/settings/security/password-check", password=f"wrong {n}").status_code for n in range(11)]
    assert statuses == [422] * 10 + [429]
    counting = "SELECT count(*) FROM audit_log WHERE kind = 'sign_in_failed'"
    assert world.conn.execute(counting).fetchone() == (10,)


def test_an_app_turned_off_is_asked_for_no_more(ana: Visitor, codes: list[str], world: World) -> None:
    assert ana.post(f"{PAGE}/app/removal").status_code == 303
    assert "Two-step sign-in" in ana.get(PAGE).text
    other = ana.another()
    assert other.enter_password().location == "/"
    assert codes_on(ana.post(f"{PAGE}/recovery-codes")) == [], "no codes without a factor"
    kinds = world.conn.execute("SELECT kind FROM audit_log WHERE kind LIKE 'second_factor%' ORDER BY id").fetchall()
    assert kinds == [("second_factor_on",), ("second_factor_off",)]


def test_the_last_factor_stays_where_the_company_requires_one(ana: Visitor, codes: list[str], world: World) -> None:
    world.conn.execute("UPDATE tenants SET requires_second_factor = true")
    ana.post(f"{PAGE}/app/removal")
    assert "only second step" in ana.get(PAGE).text
    assert ana.another().enter_password().location.startswith("/sign-in/second-factor")


def test_a_reset_lets_the_password_alone_sign_in_and_ends_sessions(
    ana: Visitor, codes: list[str], halfway: Visitor, app: Flask, world: World
) -> None:
    run = app.test_cli_runner().invoke
    result = run(args=["user", "reset-second-factor", ana.email])
    assert "signs in with the password alone" in result.output
    assert not ana.is_signed_in()
    assert halfway.enter_code().location == "/sign-in"
    assert ana.another().enter_password().location == "/"
    kinds = [kind for (kind,) in world.conn.execute("SELECT kind FROM audit_log")]
    assert "second_factor_off" in kinds
    assert "Nothing was changed" in run(args=["user", "reset-second-factor", ana.email]).output
    assert run(args=["user", "reset-second-factor", "x@example.com"]).exit_code == 2


def test_another_user_of_the_tenant_is_not_affected(
    app: Flask, ana: Visitor, codes: list[str], world: World, clock: Clock
) -> None:
    row = world.conn.execute("SELECT tenant_id FROM users").fetchone()
    assert row is not None
    ben = visitor(app, world, clock, "Ben Okafor", tenant=row[0])
    assert ben.enter_password().location == "/"
    ben.post(f"{PAGE}/app/removal")
    ben.post(f"{PAGE}/recovery-codes")
    assert "10 of 10 unused" in ana.get(PAGE).text
