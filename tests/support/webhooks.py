"""Webhooks for tests: what a receiver got, answers that depend on it, and rows of deliveries."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from webapp.relay.opening import secret_box
from webapp.relay.signing import CURRENT

from .receivers import Visit
from .relay import Relay

HOOK = "hook"


@dataclass(frozen=True)
class Request:
    """A request that a receiver has read. Names of headers are in lower case."""

    headers: Mapping[str, str]
    body: bytes
    line: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def order_id(self) -> int:
        return int(self.event["data"]["order_id"])


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer in HTTP; `Retry_After="5"` is a header."""
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Inbox:
    """A behaviour of a Receiver: keeps each request and answers with `reply`, which gets the request."""

    def __init__(self, reply: Callable[[Request], bytes] = lambda _request: answer(200, b"ok")) -> None:
        self.reply = reply
        self.requests: list[Request] = []
        self._lock = threading.Lock()

    def __call__(self, visit: Visit) -> None:
        if not visit.read_request():
            return
        line, *lines = visit.head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
        request = Request(headers, visit.body, line)
        with self._lock:
            self.requests.append(request)
        visit.socket.sendall(self.reply(request))

    @property
    def types(self) -> list[str]:
        return [request.event["data"]["type"] for request in self.requests]

    def of_order(self, order_id: int) -> list[str]:
        return [request.event["data"]["type"] for request in self.requests if request.order_id == order_id]


def failing(inbox: Inbox, status: int = 500, **headers: str) -> None:
    """Answer with an error from now on."""
    inbox.reply = lambda _request: answer(status, b"no", **headers)


def working(inbox: Inbox) -> None:
    """Answer 200 from now on."""
    inbox.reply = lambda _request: answer(200)


def notify_disabled(
    conn: psycopg.Connection[Any], user_id: int, name: str, error: str | None = None, destination_id: int = 0
) -> None:
    """The notification of a disabled webhook: it failed with an `error`, or without one it is gone."""
    conn.execute(
        "INSERT INTO notifications (tenant_id, user_id, type, destination_id, destination, error)"
        " SELECT tenant_id, id, %s, %s, %s, %s FROM users WHERE id = %s",
        ["failed" if error else "gone", destination_id, name, error, user_id],
    )


def signing_secret(relay: Relay, name: str = HOOK) -> str:
    return secret_box(relay.config).unlock(relay.find(name).secrets)[CURRENT]


def deliveries(conn: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    return _rows(conn, "SELECT * FROM webhook_deliveries ORDER BY id")


def states(conn: psycopg.Connection[Any]) -> list[str]:
    return [row["state"] for row in deliveries(conn)]


def attempts(conn: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    return _rows(conn, "SELECT * FROM webhook_attempts ORDER BY id")


def make_due(conn: psycopg.Connection[Any]) -> list[float]:
    """Set the next attempt of each waiting delivery to now. Returns the waits in seconds that this leaves out."""
    rows = conn.execute(
        "WITH old AS (SELECT id, next_at FROM webhook_deliveries WHERE state = 'waiting' FOR UPDATE) "
        "UPDATE webhook_deliveries d SET next_at = now() FROM old WHERE d.id = old.id "
        "RETURNING extract(epoch FROM old.next_at - now())::float8"
    ).fetchall()
    return [row[0] for row in rows]


def set_attempts(conn: psycopg.Connection[Any], count: int) -> None:
    """As if each waiting delivery had been attempted that often."""
    conn.execute("UPDATE webhook_deliveries SET attempts = %s WHERE state = 'waiting'", [count])


def _rows(conn: psycopg.Connection[Any], statement: str) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement.encode()).fetchall()
