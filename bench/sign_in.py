"""The cost of sign-ins for other requests: `/healthz` while 50 people per second try to sign in to one web process.

Three runs on the same stage, each with `/healthz` 50 times per second: without sign-ins; with 50 sign-ins per second,
hashed in a thread (Doorbell); with the same, hashed in the event loop (baseline). Each try comes from its own client,
so no limit applies. A try that finds the queue full gets a 503 at once.

    SIGN_IN_RATE=50 SIGN_IN_SECONDS=10 python -m bench.sign_in
"""

from __future__ import annotations

import http.client
import os
import re
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlencode

from webapp.accounts import passwords

from .stage import Stage, report, run
from .web import Web, tenant_with_people

# Sign-ins per second, and requests of /healthz per second.
RATE = 50.0
SECONDS = 10.0
# Counts the answers of a full queue; not an HTTP status.
BUSY = 1
# For an answer.
TIMEOUT_SECONDS = 60.0
PASSWORD = "correct horse battery"  # noqa: S105 - for one run
# The budget of a page; one hash takes as long.
TARGET_MS = 50.0


def main() -> None:
    with Stage() as stage:
        url = stage.database("sign_in")
        _tenant, users = tenant_with_people(url, "office", 50)
        stage.execute(url, f"UPDATE users SET password_hash = '{passwords.hash_password(PASSWORD)}'")
        emails = [f"{n}@office.example" for n in range(1, len(users) + 1)]
        env = {"TRUSTED_PROXIES": "1"}
        with Web(stage, url, 1000, **env) as web:
            _measure(web.port, [])
            idle = _measure(web.port, [])
            beside = _measure(web.port, emails)
        with Web(stage, url, 1000, "bench.hash_in_the_loop:app", **env) as web:
            _measure(web.port, [])
            inside = _measure(web.port, emails)
    met = beside["healthz_p99_ms"] <= TARGET_MS
    ratio = round(inside["healthz_p99_ms"] / beside["healthz_p99_ms"], 1)
    report(case="without sign-ins", figures=idle)
    report(
        case=f"{RATE:.0f} sign-ins per second, hashed in a thread",
        figures=beside,
        baseline=inside,
        ratio=ratio,
        target=f"healthz_p99_ms <= {TARGET_MS:.0f}",
        met=met,
    )


def _measure(port: int, emails: list[str]) -> dict[str, float]:
    """Milliseconds of `/healthz`, and the number of each kind of answer to the tries."""
    seconds = float(os.environ.get("SIGN_IN_SECONDS") or SECONDS)
    rate = float(os.environ.get("SIGN_IN_RATE") or RATE)
    answers: Counter[int] = Counter()
    tries: list[threading.Thread] = []
    cookie, token = _form(port)

    def attempt(n: int) -> None:
        form = urlencode({"csrf_token": token, "email": emails[n % len(emails)], "password": PASSWORD})
        client = f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
        head = {"Cookie": cookie, "X-Forwarded-For": client, "Content-Type": "application/x-www-form-urlencoded"}
        answers[_ask(port, "POST", "/sign-in", form, head)] += 1

    def try_all() -> None:
        _each(rate, seconds, lambda n: _begin(tries, attempt, n))

    signing_in = threading.Thread(target=try_all)
    if emails:
        signing_in.start()
    took: list[float] = []
    probes: list[threading.Thread] = []

    def probe(_n: int) -> None:
        begin = time.perf_counter()
        _ask(port, "GET", "/healthz")
        took.append((time.perf_counter() - begin) * 1000)

    _each(rate, seconds, lambda n: _begin(probes, probe, n))
    if emails:
        signing_in.join()
    for thread in [*tries, *probes]:
        thread.join()
    ordered = sorted(took)
    figures = {
        "healthz_p50_ms": round(statistics.median(ordered), 1),
        "healthz_p99_ms": round(ordered[int(len(ordered) * 0.99) - 1], 1),
        "healthz_max_ms": round(ordered[-1], 1),
    }
    if emails:
        figures |= {"tried": sum(answers.values()), "signed_in": answers[303], "busy": answers[BUSY]}
        figures |= {"other_answers": sum(answers.values()) - answers[303] - answers[BUSY]}
    return figures


def _each(rate: float, seconds: float, act: Callable[[int], None]) -> None:
    """Call `act` at this rate, each call at its own time, so that a slow answer delays no later call."""
    begin = time.monotonic()
    for n in range(int(rate * seconds)):
        time.sleep(max(0.0, begin + n / rate - time.monotonic()))
        act(n)


def _begin(threads: list[threading.Thread], act: Callable[[int], None], n: int) -> None:
    thread = threading.Thread(target=act, args=(n,))
    threads.append(thread)
    thread.start()


def _form(port: int) -> tuple[str, str]:
    """The cookie of a signed-out client, and the token of its form."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    connection.request("GET", "/sign-in")
    answer = connection.getresponse()
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.read().decode())
    assert found is not None
    return str(answer.getheader("Set-Cookie")).partition(";")[0], found[1]


def _ask(port: int, method: str, path: str, body: str | None = None, head: dict[str, str] | None = None) -> int:
    """The status; 0 without an answer within TIMEOUT_SECONDS."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body, head or {})
        answer = connection.getresponse()
        return BUSY if b"Too many people" in answer.read() else answer.status
    except OSError:
        return 0
    finally:
        connection.close()


if __name__ == "__main__":
    run(main)
