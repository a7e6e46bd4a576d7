"""The second step of a sign-in: codes once, guesses limited, recovery codes, half sign-ins that count for nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask

from webapp.routes.access import public_reason
from webapp.second_factor import half_sign_in, limit
from webapp.services import services

from ..accounts.route_data import any_path, routes
from ..support.browser import soup
from ..support.two_step import PASSWORD, Clock, Visitor, codes_on
from ..support.world import World

pytestmark = pytest.mark.web_role

STEP = "/sign-in/second-factor"


def test_a_password_alone_does_not_sign_in(ana: Visitor, codes: list[str]) -> None:
    other = ana.another()
    answer = other.post("/sign-in?next=/history", email=ana.email, password=PASSWORD)
    assert answer.location == f"{STEP}?next=/history"
    assert not other.is_signed_in()
    answer = other.post(f"{STEP}?next=/history", code=other.code())
    assert (answer.status_code, answer.location) == (303, "/history")
    assert other.is_signed_in()


def test_a_half_sign_in_opens_no_route_and_no_stream(app: Flask, halfway: Visitor) -> None:
    checked, token = 0, {"csrf_token": halfway.token()}
    for rule, method in routes(app):
        if public_reason(app, rule.endpoint) is not None:
            continue
        address = any_path(rule)
        answer = halfway.client.open(address, method=method, data=token if method == "POST" else None)
        if address.startswith(("/panels", "/stream")):
            assert answer.status_code == 401, address
        else:
            assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in"), address
        checked += 1
    assert checked > 100
    assert halfway.enter_code().status_code == 303, "the guard: the half sign-in was valid"


def test_a_code_signs_in_once(halfway: Visitor) -> None:
    code, third = halfway.code(), halfway.another()
    third.enter_password()
    assert halfway.enter_code(code).status_code == 303
    answer = third.enter_code(code)
    assert answer.status_code == 422
    assert "was used before" in answer.text
    assert not third.is_signed_in()
    third.clock.step()
    assert third.enter_code().status_code == 303


def test_the_code_of_the_set_up_signs_in_no_user(halfway: Visitor) -> None:
    assert halfway.enter_code(halfway.code(-1)).status_code == 422


def test_of_four_requests_with_one_code_at_once_one_signs_in(ana: Visitor, codes: list[str]) -> None:
    assert at_once(ana, {"code": ana.code()}) == [303, 422, 422, 422]


def test_of_four_requests_with_one_recovery_code_at_once_one_signs_in(ana: Visitor, codes: list[str]) -> None:
    assert at_once(ana, {"recovery_code": codes[0]}) == [303, 422, 422, 422]


def test_guesses_are_slowed_down_and_then_refused(halfway: Visitor, clock: Clock) -> None:
    statuses = [halfway.enter_code(wrong(halfway)).status_code for _ in range(limit.HOUR_ATTEMPTS + 1)]
    assert statuses == [422] * limit.HOUR_ATTEMPTS + [429]
    assert clock.slept == [0.5, 1.0, 2.0, 4.0] + [8.0] * 11
    right = halfway.enter_code()
    assert right.status_code == 429, "also the right code, so that guessing is no use"
    assert int(right.headers["Retry-After"]) > 3000
    assert "Too many wrong codes" in right.text


def test_refused_codes_leave_recovery_codes_open(halfway: Visitor, codes: list[str], app: Flask) -> None:
    for _ in range(limit.HOUR_ATTEMPTS):
        halfway.enter_code(wrong(halfway))
    assert services(app).second_factors.limit.limiter.kept == 0, "counted in Redis, for all processes"
    assert halfway.post(STEP, recovery_code=codes[0]).status_code == 303


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "١٢٣٤٥٦", "0" * 5000, "12345\0"])
def test_a_text_that_is_not_a_code_is_refused(halfway: Visitor, typed: str) -> None:
    assert halfway.enter_code(typed).status_code == 422


def test_a_recovery_code_signs_in_once_in_any_spelling(halfway: Visitor, codes: list[str]) -> None:
    third = halfway.another()
    third.enter_password()
    spelling = codes[0].upper().replace("-", " ").replace("0", "O").replace("1", "l")
    assert halfway.post(STEP, recovery_code=spelling).status_code == 303
    assert "9 are left" in halfway.get("/orders").text
    assert third.post(STEP, recovery_code=codes[0]).status_code == 422
    assert third.post(STEP, recovery_code="wrong").status_code == 422
    assert third.post(STEP, recovery_code=codes[1]).status_code == 303


def test_wrong_recovery_codes_do_not_fill_the_audit_log_and_keep_no_user_out(
    halfway: Visitor, codes: list[str], world: World
) -> None:
    guesses = [halfway.post(STEP, recovery_code="wrong") for _ in range(limit.RECOVERY_ATTEMPTS + 2)]
    assert [answer.status_code for answer in guesses] == [422] * limit.RECOVERY_ATTEMPTS + [429] * 2
    assert 600 < int(guesses[-1].headers["Retry-After"]) <= limit.RECOVERY_SECONDS
    counting = "SELECT count(*) FROM audit_log WHERE kind = 'second_factor_failed'"
    assert world.conn.execute(counting).fetchone() == (limit.RECOVERY_ATTEMPTS,)
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    data = {"csrf_token": halfway.token(), "recovery_code": codes[0]}
    assert halfway.client.post(STEP, data=data, environ_overrides=elsewhere).status_code == 303


def test_new_recovery_codes_end_the_former_ones(ana: Visitor, codes: list[str], halfway: Visitor) -> None:
    renewed = codes_on(ana.post("/settings/security/two-step/recovery-codes"))
    assert len(set(renewed)) == 10
    assert not set(renewed) & set(codes)
    assert halfway.post(STEP, recovery_code=codes[0]).status_code == 422
    assert halfway.post(STEP, recovery_code=renewed[0]).status_code == 303


@pytest.mark.parametrize(
    "change", ["disabled_at = now()", "password_hash = 'new'", "role = 'viewer'", "sessions_from = clock_timestamp()"]
)
def test_a_user_who_is_disabled_or_changed_halfway_cannot_finish(
    halfway: Visitor, codes: list[str], world: World, change: str
) -> None:
    assert halfway.get(STEP).status_code == 200
    world.conn.execute(f"UPDATE users SET {change}")
    answer = halfway.post(STEP, recovery_code=codes[0])
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert not halfway.is_signed_in()


def test_a_half_sign_in_ends_after_five_minutes(halfway: Visitor) -> None:
    with halfway.client.session_transaction() as session:
        session[half_sign_in.KEY][3] -= half_sign_in.SECONDS
        session.modified = True
    assert halfway.enter_code().location == "/sign-in"
    assert "5 minutes" in halfway.get("/sign-in").text


def test_a_half_sign_in_with_a_wrong_signature_is_none(halfway: Visitor) -> None:
    cookie = halfway.client.get_cookie("session")
    assert cookie is not None
    halfway.client.set_cookie("session", cookie.value[:-3] + "AAA")
    assert halfway.get(STEP).location == "/sign-in"


def test_another_user_can_sign_in_instead(halfway: Visitor) -> None:
    assert halfway.post("/sign-in/other-user").location == "/sign-in"
    assert halfway.get(STEP).location == "/sign-in"


def test_failures_are_in_the_audit_log(halfway: Visitor, world: World) -> None:
    halfway.enter_code(wrong(halfway))
    halfway.post(STEP, recovery_code="wrong")
    rows = world.conn.execute("SELECT subject, details FROM audit_log WHERE kind = 'second_factor_failed' ORDER BY id")
    methods = [{"method": "one-time code"}, {"method": "recovery code"}]
    assert rows.fetchall() == [("Ana Silva", method) for method in methods]


def test_the_page_of_the_second_step_has_no_data_of_the_user(halfway: Visitor) -> None:
    page = soup(halfway.get(STEP))
    assert page.select_one("#code") is not None
    assert "Ana" not in page.get_text()


def wrong(browser: Visitor) -> str:
    """A code that is not valid now."""
    valid = {browser.code(steps) for steps in (-1, 0, 1)}
    return next(code for code in ("000000", "000001", "000002", "000003") if code not in valid)


def at_once(ana: Visitor, data: dict[str, str]) -> list[int]:
    """The sorted statuses of four browsers that send the same second step at once."""
    browsers = [ana.another() for _ in range(4)]
    for browser in browsers:
        browser.enter_password()
    sends: list[Callable[[], int]] = []
    for browser in browsers:
        form = {"csrf_token": browser.token()} | data
        sends.append(lambda client=browser.client, form=form: client.post(STEP, data=form).status_code)  # type: ignore[misc]
    gate, found = threading.Barrier(len(sends)), []

    def run(send: Callable[[], int]) -> None:
        gate.wait()
        found.append(send())

    threads = [threading.Thread(target=run, args=[send]) for send in sends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)
