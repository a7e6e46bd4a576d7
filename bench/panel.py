"""The cost of a panel from memory, compared with Flask's "Hello, World!" and with the panel without a cache.

All are called as gunicorn calls them, by WSGI in this one process, in turn within each round. Figures are µs of CPU per
call (waiting for Redis costs none) and of the wall clock. Each call of the panel reads from Redis, as a single request
does; concurrent requests share a read. `rendered` is the same request without a cache: a query and a render.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

import psycopg
import redis
from flask import Flask
from werkzeug.test import EnvironBuilder

from webapp import create_app
from webapp.accounts import sessions
from webapp.config import Config
from webapp.services import services
from webapp.signals import publisher

from .stage import Stage, report

ROUNDS = 15
# Per round; a twentieth for `rendered`.
CALLS = 400
MAX_RATIO = 2.0
PANELS = ("revenue", "recent_orders")

Call = Callable[[], str]  # returns the status


def main() -> None:
    with Stage() as stage:
        url = stage.database("panel")
        _fill(url)
        app = create_app(Config.from_env(stage.env | {"DATABASE_URL": url}))
        with redis.Redis.from_url(stage.env["REDIS_URL"]) as client:
            publisher.publish(client, 1, {"resync": None})
        cookie = _cookie(app)
        hello = _call(_hello(), _environ("/"))
        for panel in PANELS:
            _measure(app, panel, cookie, hello)
        with app.app_context():
            app.extensions["sqlalchemy"].engine.dispose()


def _measure(app: Flask, panel: str, cookie: str, hello: Call) -> None:
    environ = _environ(f"/panels/{panel}", HTTP_COOKIE=cookie)
    hit = _call(app.wsgi_app, environ)
    etag = _etag(app, environ)
    unchanged = _call(app.wsgi_app, environ | {"HTTP_IF_NONE_MATCH": etag})
    cache = services(app).renders.cache

    def rendered() -> str:
        cache.clear()
        return hit()

    variants: dict[str, tuple[Call, int]] = {
        "hello": (hello, CALLS),
        "hit": (hit, CALLS),
        "unchanged": (unchanged, CALLS),
        "rendered": (rendered, CALLS // 20),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    for turn in range(ROUNDS):
        names = list(variants)
        for name in names[turn % 4 :] + names[: turn % 4]:  # each is first in turn
            hit()  # fills the cache again
            found[name].append(_time(*variants[name]))
    cpu = {name: statistics.median(each for each, _ in values) for name, values in found.items()}
    wall = {name: statistics.median(each for _, each in values) for name, values in found.items()}
    ratio = statistics.median(a / b for (a, _), (b, _) in zip(found["hit"], found["hello"], strict=True))
    report(
        case=f"panel {panel} from memory, CPU µs per call",
        figures={f"{name}_us": round(cpu[name], 1) for name in ("hit", "unchanged", "rendered")},
        wall={f"{name}_us": round(value, 1) for name, value in wall.items()},
        baseline={"hello_us": round(cpu["hello"], 1)},
        ratio=round(ratio, 2),
        rounds=ROUNDS,
        target=f"ratio <= {MAX_RATIO}",
        met=ratio <= MAX_RATIO,
    )


def _time(call: Call, times: int) -> tuple[float, float]:
    """µs of CPU and of the wall clock per call."""
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        status = call()
        assert status[0] in "23", status
    return (time.process_time() - cpu) / times * 1e6, (time.perf_counter() - wall) / times * 1e6


def _call(application: Any, environ: dict[str, Any]) -> Call:
    def call() -> str:
        statuses: list[str] = []
        body: Iterable[bytes] = application(dict(environ), lambda status, headers, _error=None: statuses.append(status))
        b"".join(body)
        if hasattr(body, "close"):
            body.close()
        return statuses[0]

    return call


def _etag(app: Flask, environ: dict[str, Any]) -> str:
    found: list[dict[str, str]] = []
    app.wsgi_app(dict(environ), lambda _status, headers, _error=None: found.append(dict(headers)))  # type: ignore[arg-type]
    return found[0]["ETag"]


def _environ(path: str, **more: str) -> dict[str, Any]:
    return EnvironBuilder(path).get_environ() | more


def _hello() -> Any:
    app = Flask("hello")

    @app.get("/")
    def hello() -> str:
        return "Hello, World!"

    return app.wsgi_app


def _cookie(app: Flask) -> str:
    """The signed session cookie of a browser after sign-in."""
    client = app.test_client()
    with client.session_transaction() as session:
        session.update(_user_id="1", _fresh=True, **sessions.new(86_400))
    client.get("/panels/revenue")
    kept = client.get_cookie("session")
    assert kept is not None
    return f"session={kept.value}"


def _fill(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("INSERT INTO users (tenant_id, name, email) VALUES (1, 'Ana Silva', 'ana@example.com')")
        conn.execute(
            "INSERT INTO orders (tenant_id, number, customer, owner_id, currency, total_minor, paid_at)"
            " SELECT 1, n::text, 'Bench', 1, 'EUR', n, now() FROM generate_series(1, 1000) n"
        )
        conn.execute("ANALYZE")


if __name__ == "__main__":
    from .stage import run

    run(main)
