"""How often one may try to sign in, what waits meanwhile, and what is written down of it."""

from __future__ import annotations

import subprocess
import sys

import pytest
import redis
from flask import Flask

from webapp import create_app
from webapp.accounts import hashing, passwords, proxy_warning, sign_in_throttle, waiting_room
from webapp.accounts.expiring_counters import ExpiringCounters
from webapp.accounts.sign_in_throttle import ACCOUNT_TRIES, CLIENT_TRIES, MAX_DELAY_SECONDS, client_of
from webapp.observability.metrics import web as metrics

from ..conftest import config_for
from ..support.browser import Person
from ..support.processes import ROOT
from ..support.world import Service, World

PASSWORD = "correct horse battery"
EMAIL = "ana@example.com"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of tries: what is compared here is not how long a hash takes."""
    monkeypatch.setattr(passwords, "matches", lambda known, password: known == password)
    monkeypatch.setattr(passwords, "is_outdated", lambda _known: False)


@pytest.fixture
def ana(world: World) -> int:
    return world.user(world.tenant(), email=EMAIL, password_hash=PASSWORD)


@pytest.fixture
def delays(app: Flask) -> list[float]:
    """The seconds that tries were held back, instead of holding them back."""
    held: list[float] = []
    app.extensions["doorbell_sign_ins"].waiting_room._sleep = held.append
    return held


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
        ("no address", "no address"),
    ],
)
def test_a_client_is_an_address_or_the_64_bits_that_a_provider_gives_out(address: str, client: str) -> None:
    assert client_of(address) == client


def test_one_client_cannot_try_many_e_mails(app: Flask, ana: int) -> None:
    spray = [attempt(app, f"person{n}@example.com", client=f"2001:db8::{n + 1:x}") for n in range(CLIENT_TRIES + 2)]
    assert [answer.status_code for answer in spray] == [422] * CLIENT_TRIES + [429] * 2
    seconds = int(spray[-1].headers["Retry-After"])
    assert 600 < seconds <= sign_in_throttle.WINDOW_SECONDS
    assert f"Try again in {-(-seconds // 60)} minutes" in spray[-1].text
    assert attempt(app, password=PASSWORD, client="2001:db8::ff").status_code == 429, "the same /64"
    assert attempt(app, password=PASSWORD, client="2001:db8:0:1::1").status_code == 303, "another one"


def test_an_office_that_signs_in_is_not_a_client_that_guesses(app: Flask, ana: int) -> None:
    answers = [attempt(app, password=PASSWORD) for _ in range(CLIENT_TRIES + 2)]
    assert {answer.status_code for answer in answers} == {303}


def test_guesses_at_one_account_from_many_clients_are_slowed(app: Flask, ana: int, delays: list[float]) -> None:
    tries = [attempt(app, client=f"192.0.2.{n}") for n in range(ACCOUNT_TRIES + 7)]
    assert {answer.status_code for answer in tries} == {422}, "refused for that is nobody"
    assert delays == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_strangers_cannot_lock_a_person_out(app: Flask, ana: int, delays: list[float]) -> None:
    assert attempt(app, password=PASSWORD, client="198.51.100.7").status_code == 303
    for n in range(ACCOUNT_TRIES + 10):
        attempt(app, client=f"192.0.2.{n}")
    delays.clear()
    assert attempt(app, password=PASSWORD, client="198.51.100.7").status_code == 303
    assert delays == [], "a client that has signed in to the account before is not even slowed"
    assert attempt(app, password=PASSWORD, client="203.0.113.9").status_code == 303
    assert delays == [MAX_DELAY_SECONDS], "another one is slowed and let in"


def test_where_too_many_wait_a_try_is_refused_and_not_counted(
    app: Flask, ana: int, delays: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(ACCOUNT_TRIES + 1):
        attempt(app, client=f"192.0.2.{n}")
    monkeypatch.setattr(waiting_room, "MAX_WAITING", 0)
    busy = metrics.SIGN_INS.labels("busy")._value.get()
    refused = attempt(app, client="198.51.100.7")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert "Too many people are signing in right now. Try again in 5 seconds." in refused.text
    assert metrics.SIGN_INS.labels("busy")._value.get() == busy + 1
    monkeypatch.undo()


def test_a_full_queue_for_hashing_is_answered_in_words(app: Flask, ana: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing.hashing, "_in_line", hashing.THREADS + hashing.MAX_WAITING_STRANGERS)
    answers = [attempt(app, password=PASSWORD) for _ in range(sign_in_throttle.TRIES + 1)]
    assert {answer.status_code for answer in answers} == {503}, "tries that were not checked do not count"
    monkeypatch.setattr(hashing.hashing, "_in_line", 0)
    assert attempt(app, password=PASSWORD).status_code == 303
    monkeypatch.setattr(hashing.hashing, "_in_line", hashing.THREADS + hashing.MAX_WAITING_STRANGERS)
    assert attempt(app, password=PASSWORD).status_code == 303, "for a client that is known there is room left"


UNDER_GEVENT = """
from gevent import monkey; monkey.patch_all()
import os, threading, gevent
from webapp.hashing import Hashing, Busy, MAX_WAITING, THREADS
native = monkey.get_original("time", "sleep")
ticks = []
def tick():
    while True:
        ticks.append(1)
        gevent.sleep(0.01)
gevent.spawn(tick)
hashing = Hashing()
def work():
    native(0.3)
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
assert hashing.run(work) == 10, "it gives way"
assert len(ticks) > 5, ticks
assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == 0, "the loop does not"
def in_line():
    with hashing.place():
        return hashing.run(lambda: native(0.05))
running = [gevent.spawn(in_line) for _ in range(THREADS + MAX_WAITING)]
gevent.sleep(0)
try:
    in_line()
except Busy:
    print("busy")
gevent.joinall(running, raise_error=True)
print("done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there has a thread a niceness")
def test_under_gevent_a_hash_runs_beside_the_loop_and_gives_way_to_it() -> None:
    done = subprocess.run([sys.executable, "-c", UNDER_GEVENT], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.stderr) == (["busy", "done"], "")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO", "doorbell.sign_in")
    return caplog


def test_each_sign_in_failure_and_sign_out_is_a_line_and_a_count(
    app: Flask, ana: int, world: World, lines: pytest.LogCaptureFixture
) -> None:
    world.user(1, "Eva Luna", email="eva@example.com")
    counted = {name: metrics.SIGN_INS.labels(name)._value.get() for name in metrics.SIGN_IN_OUTCOMES}
    outs = metrics.SIGN_OUTS._value.get()
    person = Person(app)
    person.post("/sign-in", {"email": EMAIL, "password": PASSWORD}, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    person.post("/sign-out")
    attempt(app, password="secret guess")
    attempt(app, "typed.password@example.com")
    attempt(app, "eva@example.com")
    world.conn.execute("UPDATE users SET disabled_at = now()")
    attempt(app, password=PASSWORD)
    said = [record.getMessage() for record in lines.records if record.name == "doorbell.sign_in"]
    assert said == [
        f"signed in user={ana} tenant=1 client='192.0.2.1' way='password'",
        f"signed out user={ana} client='127.0.0.1'",
        f"sign-in failed reason='wrong password' client='192.0.2.1' user={ana}",
        "sign-in failed reason='unknown e-mail' client='192.0.2.1' user=None",
        f"sign-in failed reason='no password set' client='192.0.2.1' user={ana + 1}",
        f"sign-in failed reason='disabled' client='192.0.2.1' user={ana}",
    ]
    assert "@" not in lines.text
    assert "guess" not in lines.text
    assert metrics.SIGN_INS.labels("success")._value.get() - counted["success"] == 1
    assert metrics.SIGN_INS.labels("failure")._value.get() - counted["failure"] == 4
    assert metrics.SIGN_OUTS._value.get() - outs == 1


def test_of_refusals_the_first_is_a_line_and_each_is_a_count(
    app: Flask, ana: int, lines: pytest.LogCaptureFixture
) -> None:
    refused = metrics.SIGN_INS.labels("refused")._value.get()
    for _ in range(sign_in_throttle.TRIES + 5):
        attempt(app)
    assert lines.text.count("sign-in refused reason='too many tries of one e-mail and client'") == 1
    assert metrics.SIGN_INS.labels("refused")._value.get() - refused == 5


@pytest.fixture
def first_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_warning, "_said", float("-inf"))


FORWARDED = {"X-Forwarded-For": "203.0.113.9"}


@pytest.mark.usefixtures("first_look")
def test_a_proxy_that_nobody_named_is_a_warning_once(
    service: Service, app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        app.test_client().get("/sign-in", headers=FORWARDED, environ_overrides={"REMOTE_ADDR": "10.0.0.2"})
    assert caplog.text.count("all clients appear as one; set TRUSTED_PROXIES") == 1
    with redis.Redis.from_url(service.redis_url) as client:
        assert client.get(proxy_warning.KEY) == b"10.0.0.2"
        assert 86_000 < client.ttl(proxy_warning.KEY) <= 86_400


@pytest.mark.usefixtures("first_look")
@pytest.mark.parametrize(
    ("proxies", "peer", "headers"),
    [(1, "127.0.0.1", FORWARDED), (0, "127.0.0.1", {}), (0, "8.8.8.8", FORWARDED)],
    ids=["a proxy that is named", "no proxy", "a client who makes the header up"],
)
def test_otherwise_nothing_is_said_of_a_proxy(
    service: Service, caplog: pytest.LogCaptureFixture, proxies: int, peer: str, headers: dict[str, str]
) -> None:
    app = create_app(config_for(service, TRUSTED_PROXIES=proxies))
    app.test_client().get("/sign-in", headers=headers, environ_overrides={"REMOTE_ADDR": peer})
    assert "all clients appear as one" not in caplog.text


def test_in_the_process_a_count_ends_with_its_window_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    tries = ExpiringCounters(redis.Redis(port=1), clock=lambda: now[0])
    assert tries.add(["a", "b"], 100) == [(1, 100), (1, 100)]
    now[0] = 60.0
    assert tries.add(["a"], 100) == [(2, 40)]
    tries.take_back(["a"], 100)
    assert tries.add(["a"], 100) == [(2, 40)]
    now[0] = 100.0
    assert tries.add(["a"], 100) == [(1, 100)]
    tries.keep("known", 50)
    assert (tries.has("known"), tries.has("unknown")) == (True, False)
    tries.forget("a")
    assert tries.add(["a"], 100) == [(1, 100)]
    monkeypatch.setattr("webapp.accounts.expiring_counters.MAX_KEPT", 5)
    for n in range(20):
        tries.add([str(n)], 100)
        assert len(tries._kept) <= 5
