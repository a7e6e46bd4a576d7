"""What sign-ins cost everybody else: `/healthz` while 50 people a second try to sign in to one web process.

Three runs on the same stage, each with 50 tries a second for some seconds and a `/healthz` 50 times a second beside them:
nobody signs in; passwords hashed beside the loop (Doorbell); passwords hashed in the loop, without a thread (baseline).
Each try comes from a client of its own, so no limit of tries applies; a try that finds the queue full is answered 503 at once.

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

RATE = 50.0  # tries a second, and looks at /healthz a second
SECONDS = 10.0
BUSY = 1  # not a status: the answer of a full queue
PATIENCE_SECONDS = 60.0  # for an answer
PASSWORD = "correct horse battery"  # noqa: S105 - of people who live for one run
TARGET_MS = 50.0  # a page's own budget; a hash alone takes as long


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
    report(case="nobody signs in", figures=idle)
    report(
        case=f"{RATE:.0f} sign-ins a second, hashed beside the loop",
        figures=beside,
        baseline=inside,
        ratio=ratio,
        target=f"healthz_p99_ms <= {TARGET_MS:.0f}",
        met=met,
    )


def _measure(port: int, emails: list[str]) -> dict[str, float]:
    """Milliseconds of `/healthz`, and how the tries were answered."""
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

    knocking = threading.Thread(target=try_all)
    if emails:
        knocking.start()
    took: list[float] = []
    looks: list[threading.Thread] = []

    def look(_n: int) -> None:
        begin = time.perf_counter()
        _ask(port, "GET", "/healthz")
        took.append((time.perf_counter() - begin) * 1000)

    _each(rate, seconds, lambda n: _begin(looks, look, n))
    if emails:
        knocking.join()
    for thread in [*tries, *looks]:
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
    """Call `act` so often a second, each call at its own time: a slow answer holds back no later one."""
    begin = time.monotonic()
    for n in range(int(rate * seconds)):
        time.sleep(max(0.0, begin + n / rate - time.monotonic()))
        act(n)


def _begin(threads: list[threading.Thread], act: Callable[[int], None], n: int) -> None:
    thread = threading.Thread(target=act, args=(n,))
    threads.append(thread)
    thread.start()


def _form(port: int) -> tuple[str, str]:
    """A cookie without a user, and the token of its form."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    connection.request("GET", "/sign-in")
    answer = connection.getresponse()
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.read().decode())
    assert found is not None
    return str(answer.getheader("Set-Cookie")).partition(";")[0], found[1]


def _ask(port: int, method: str, path: str, body: str | None = None, head: dict[str, str] | None = None) -> int:
    """The status; 0 where there was no answer within PATIENCE_SECONDS."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
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
