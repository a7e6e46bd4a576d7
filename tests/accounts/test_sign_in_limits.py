"""Limits of sign-ins, the delay of attempts, and the log lines."""

from __future__ import annotations

import subprocess
import sys

import pytest
import redis
from flask import Flask

from webapp import create_app
from webapp.accounts import hashing, passwords, proxy_warning, sign_in_throttle, waiting_room
from webapp.accounts.sign_in_throttle import ACCOUNT_ATTEMPTS, CLIENT_ATTEMPTS, MAX_DELAY_SECONDS, client_of
from webapp.observability.metrics import web as metrics
from webapp.services import services

from ..conftest import config_for
from ..support.browser import Person
from ..support.metrics import metric_value
from ..support.processes import ROOT
from ..support.world import Service, World

PASSWORD = "correct horse battery"
EMAIL = "ana@example.com"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests make hundreds of attempts and do not depend on the cost of a hash."""
    monkeypatch.setattr(passwords, "matches", lambda known, password: known == password)
    monkeypatch.setattr(passwords, "is_outdated", lambda _known: False)


@pytest.fixture
def ana(world: World) -> int:
    return world.user(world.tenant(), email=EMAIL, password_hash=PASSWORD)


@pytest.fixture
def delays(app: Flask) -> list[float]:
    """The delays of attempts, recorded instead of slept."""
    recorded: list[float] = []
    services(app).sign_ins.waiting_room._sleep = recorded.append
    return recorded


WRONG = "wrong password"


def attempt(app: Flask, email: str = EMAIL, password: str = WRONG, client: str = "192.0.2.1"):  # type: ignore[no-untyped-def]
    data = {"email": email, "password": password}
    return Person(app).post("/sign-in", data, environ_overrides={"REMOTE_ADDR": client})


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("not an address", "not an address"),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_network_of_64_bits(address: str, client: str) -> None:
    assert client_of(address) == client


def test_attempts_of_one_client_at_many_e_mails_are_refused(app: Flask, ana: int) -> None:
    spray = [attempt(app, f"person{n}@example.com", client=f"2001:db8::{n + 1:x}") for n in range(CLIENT_ATTEMPTS + 2)]
    assert [answer.status_code for answer in spray] == [422] * CLIENT_ATTEMPTS + [429] * 2
    seconds = int(spray[-1].headers["Retry-After"])
    assert 600 < seconds <= sign_in_throttle.WINDOW_SECONDS
    assert f"Try again in {-(-seconds // 60)} minutes" in spray[-1].text
    assert attempt(app, password=PASSWORD, client="2001:db8::ff").status_code == 429, "the same /64"
    assert attempt(app, password=PASSWORD, client="2001:db8:0:1::1").status_code == 303, "another network"


def test_successful_sign_ins_do_not_count_towards_the_limit_of_a_client(app: Flask, ana: int) -> None:
    answers = [attempt(app, password=PASSWORD) for _ in range(CLIENT_ATTEMPTS + 2)]
    assert {answer.status_code for answer in answers} == {303}


def test_attempts_of_many_clients_at_one_account_are_delayed_and_not_refused(
    app: Flask, ana: int, delays: list[float]
) -> None:
    answers = [attempt(app, client=f"192.0.2.{n}") for n in range(ACCOUNT_ATTEMPTS + 7)]
    assert {answer.status_code for answer in answers} == {422}, "none is refused"
    assert delays == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_other_spellings_of_an_address_are_attempts_at_the_same_account(
    app: Flask, world: World, delays: list[float]
) -> None:
    world.user(world.tenant(), email="mia@example.com", password_hash=PASSWORD)
    # For PostgreSQL's lower(), in most locales, these are one address; for Python's they are two.
    spellings = ("mia@example.com", "m\u0130a@example.com", " MIA@EXAMPLE.COM ")
    guesses = [attempt(app, spellings[n % 3], client=f"192.0.2.{n}") for n in range(ACCOUNT_ATTEMPTS + 3)]
    assert {answer.status_code for answer in guesses} == {422}
    assert delays == [0.5, 1.0, 2.0]


def test_attempts_of_strangers_do_not_lock_a_user_out(app: Flask, ana: int, delays: list[float]) -> None:
    assert attempt(app, password=PASSWORD, client="198.51.100.7").status_code == 303
    for n in range(ACCOUNT_ATTEMPTS + 10):
        attempt(app, client=f"192.0.2.{n}")
    delays.clear()
    assert attempt(app, password=PASSWORD, client="198.51.100.7").status_code == 303
    assert delays == [], "a known client is not delayed"
    assert attempt(app, password=PASSWORD, client="203.0.113.9").status_code == 303
    assert delays == [MAX_DELAY_SECONDS], "an unknown client is delayed, and signed in"


def test_an_attempt_is_answered_503_when_too_many_are_waiting(
    app: Flask, ana: int, delays: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(ACCOUNT_ATTEMPTS + 1):
        attempt(app, client=f"192.0.2.{n}")
    monkeypatch.setattr(waiting_room, "MAX_WAITING", 0)
    busy = metric_value(metrics.SIGN_INS.labels("busy"))
    refused = attempt(app, client="198.51.100.7")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert "Too many people are signing in right now. Try again in 5 seconds." in refused.text
    assert metric_value(metrics.SIGN_INS.labels("busy")) == busy + 1
    monkeypatch.undo()


def test_a_full_hashing_queue_is_answered_503_without_counting(
    app: Flask, ana: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing.hashing, "_in_line", hashing.THREADS + hashing.MAX_WAITING_STRANGERS)
    answers = [attempt(app, password=PASSWORD) for _ in range(sign_in_throttle.PAIR_ATTEMPTS + 1)]
    assert {answer.status_code for answer in answers} == {503}, "unchecked attempts do not count"
    monkeypatch.setattr(hashing.hashing, "_in_line", 0)
    assert attempt(app, password=PASSWORD).status_code == 303
    monkeypatch.setattr(hashing.hashing, "_in_line", hashing.THREADS + hashing.MAX_WAITING_STRANGERS)
    assert attempt(app, password=PASSWORD).status_code == 303, "known clients have places of their own"


UNDER_GEVENT = """
from gevent import monkey; monkey.patch_all()
import os, threading, gevent
from webapp.accounts.hashing import HashingPool, HashingBusy, MAX_WAITING, THREADS
native = monkey.get_original("time", "sleep")
niceness = os.getpriority(os.PRIO_PROCESS, 0)
ticks = []
def tick():
    while True:
        ticks.append(1)
        gevent.sleep(0.01)
gevent.spawn(tick)
hashing = HashingPool()
def work():
    native(0.3)
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
assert hashing.run(work) == max(10, niceness), "its thread has a lower priority"
assert len(ticks) > 5, ticks
assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == niceness, "the loop keeps its priority"
def in_line():
    with hashing.place():
        return hashing.run(lambda: native(0.05))
running = [gevent.spawn(in_line) for _ in range(THREADS + MAX_WAITING)]
gevent.sleep(0)
try:
    in_line()
except HashingBusy:
    print("busy")
gevent.joinall(running, raise_error=True)
print("done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a niceness only on Linux")
def test_under_gevent_a_hash_runs_in_a_thread_of_low_priority() -> None:
    done = subprocess.run([sys.executable, "-c", UNDER_GEVENT], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.stderr) == (["busy", "done"], "")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO", "doorbell.sign_in")
    return caplog


def test_sign_ins_failures_and_sign_outs_are_logged_and_counted(
    app: Flask, ana: int, world: World, lines: pytest.LogCaptureFixture
) -> None:
    world.user(1, "Eva Luna", email="eva@example.com")
    counted = {name: metric_value(metrics.SIGN_INS.labels(name)) for name in metrics.SIGN_IN_OUTCOMES}
    outs = metric_value(metrics.SIGN_OUTS)
    person = Person(app)
    person.post("/sign-in", {"email": EMAIL, "password": PASSWORD}, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    person.post("/sign-out")
    attempt(app, password="secret guess")
    attempt(app, "typed.password@example.com")
    attempt(app, "eva@example.com")
    world.conn.execute("UPDATE users SET disabled_at = now()")
    attempt(app, password=PASSWORD)
    logged = [record.getMessage() for record in lines.records if record.name == "doorbell.sign_in"]
    assert logged == [
        f"signed in user={ana} tenant=1 client='192.0.2.1' way='password'",
        f"signed out user={ana} client='127.0.0.1'",
        f"sign-in failed reason='wrong password' client='192.0.2.1' user={ana}",
        "sign-in failed reason='unknown e-mail' client='192.0.2.1' user=None",
        f"sign-in failed reason='no password set' client='192.0.2.1' user={ana + 1}",
        f"sign-in failed reason='disabled' client='192.0.2.1' user={ana}",
    ]
    assert "@" not in lines.text
    assert "guess" not in lines.text
    assert metric_value(metrics.SIGN_INS.labels("success")) - counted["success"] == 1
    assert metric_value(metrics.SIGN_INS.labels("failure")) - counted["failure"] == 4
    assert metric_value(metrics.SIGN_OUTS) - outs == 1


def test_the_first_refusal_is_logged_and_all_are_counted(app: Flask, ana: int, lines: pytest.LogCaptureFixture) -> None:
    refused = metric_value(metrics.SIGN_INS.labels("refused"))
    for _ in range(sign_in_throttle.PAIR_ATTEMPTS + 5):
        attempt(app)
    assert lines.text.count("sign-in refused reason='too many attempts of one e-mail and client'") == 1
    assert metric_value(metrics.SIGN_INS.labels("refused")) - refused == 5


@pytest.fixture
def no_warning_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_warning, "_warned_at", float("-inf"))


FORWARDED = {"X-Forwarded-For": "203.0.113.9"}


@pytest.mark.usefixtures("no_warning_yet")
def test_a_proxy_that_is_not_configured_is_warned_of_once(
    service: Service, app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        app.test_client().get("/sign-in", headers=FORWARDED, environ_overrides={"REMOTE_ADDR": "10.0.0.2"})
    assert caplog.text.count("all clients appear as one; set TRUSTED_PROXIES") == 1
    with redis.Redis.from_url(service.redis_url) as client:
        assert client.get(proxy_warning.KEY) == b"10.0.0.2"
        assert 86_000 < client.ttl(proxy_warning.KEY) <= 86_400


@pytest.mark.usefixtures("no_warning_yet")
@pytest.mark.parametrize(
    ("proxies", "peer", "headers"),
    [(1, "127.0.0.1", FORWARDED), (0, "127.0.0.1", {}), (0, "8.8.8.8", FORWARDED)],
    ids=["a configured proxy", "no proxy", "a forged header"],
)
def test_other_requests_cause_no_warning_of_a_proxy(
    service: Service, caplog: pytest.LogCaptureFixture, proxies: int, peer: str, headers: dict[str, str]
) -> None:
    app = create_app(config_for(service, TRUSTED_PROXIES=proxies))
    app.test_client().get("/sign-in", headers=headers, environ_overrides={"REMOTE_ADDR": peer})
    assert "all clients appear as one" not in caplog.text
