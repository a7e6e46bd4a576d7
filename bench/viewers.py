"""Viewers: a process whose streams behave like those of pages (webapp/static/live.js, staleness.js and hx-sse).

A page whose stream ends waits for `retry:`, doubled at each failure up to 2 s, plus or minus 30 %, and reconnects with
Last-Event-ID. After 1.5 s it shows "Reconnecting". It refetches its panels after a signal or `resync`, and every 15 s
while it is not live. When that fails it retries until it gets an answer. It shows "Stale since …" after 5 s, and not
before 8 s have passed since it lost its stream.

Every refetch is counted. A share of the pages, `fetch_share`, really fetches one panel, so that failures are noticed.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from functools import partial
from typing import Any

from .load_client import Aim, serve
from .loop import Loop, Request, get
from .sse import Event, Parser

# hx-sse's first wait until `retry:` arrives, and base.html's longest wait.
RETRY_MS, MAX_RETRY_MS, JITTER = 500, 2_000, 0.3
CONNECT_SECONDS = 10.0  # base.html's connectTimeout
# state.js: a shorter outage of the stream is not shown.
GRACE_SECONDS = 1.5
# A shorter wait for a panel is not shown (staleness.js), nor is any so soon after the stream was lost (state.js).
STALE_SECONDS, RESTART_SECONDS = 5.0, 8.0
POLL_SECONDS = 15.0
# state.js: a page does not fetch panels so soon after its stream was lost.
MOMENT_SECONDS = 5.0
FETCH_SECONDS = 20.0  # base.html's defaultTimeout
RETRY_SECONDS = (1.0, 4.0)
# Signals this soon after a reconnect are the missed ones.
RETURN_SECONDS = 0.3
SIGNED_OUT = (401, 403)


class Stream(Request):
    """One connection of a page to /stream."""

    def __init__(self, page: Page) -> None:
        aim = page.pages.aim
        self._page, self._parser = page, Parser()
        last = (f"Last-Event-ID: {page.last_id}",) if page.last_id else ()
        super().__init__(page.pages.loop, aim.port, aim.request(page.number, *last), page.number)
        page.pages.loop.later(CONNECT_SECONDS, self._give_up)

    def received(self, data: bytes) -> None:
        events = self._parser.feed(data) if data else []
        if not data:
            self._page.lost(self._parser.status)
        elif self._parser.status not in (0, 200):
            self.close()
            self._page.lost(self._parser.status)
        elif events:
            self._page.on_events(events)

    def _give_up(self) -> None:
        if not self._parser.status:
            self._fail()


class Fetch(Request):
    """One fetch of a panel. No answer within FETCH_SECONDS counts as a failure."""

    def __init__(self, page: Page) -> None:
        self._page, self._parser = page, Parser()
        aim = page.pages.aim
        cookie = aim.cookies[page.number % len(aim.cookies)]
        request = get(aim.fetch_path, f"Cookie: {cookie}", "Connection: close")
        super().__init__(page.pages.loop, aim.port, request, page.number)
        page.pages.loop.later(FETCH_SECONDS, self._fail)

    def received(self, data: bytes) -> None:
        if data:
            self._parser.feed(data)
        else:
            self._page.fetched(self._parser.status)


class Page:
    """One viewer's page."""

    def __init__(self, pages: Pages, number: int) -> None:
        self.pages, self.number, self.last_id = pages, number, ""
        self.connected = self.live = self.was_lost = False
        self.lost_at = time.monotonic()
        self.stale_since: float | None = None
        self._came_back_at: float | None = None
        self._retry_ms, self._attempt, self._again = RETRY_MS, 0, RETRY_SECONDS[0]
        self._fetches = random.random() < pages.aim.fetch_share
        self._fetching = self._fetch_again = self._waits = False
        pages.loop.later(random.uniform(0, POLL_SECONDS), self._poll)
        Stream(self)

    def on_events(self, events: list[Event]) -> None:
        refetch, jitter = False, 0
        for event in events:
            self.last_id = self.last_id if event.id is None else event.id
            self._retry_ms = event.retry or self._retry_ms
            match event.name:
                case "hello":
                    self._back(json.loads(event.data)["live"])
                case "away" | "full":
                    self.live = False
                case "ping" | "":  # "" has only `retry:`
                    pass
                case name:
                    self.live = self.live or name == "resync"
                    self.pages.resyncs += name == "resync"
                    jitter = max(jitter, json.loads(event.data).get("jitter") or 0)
                    refetch = True
        if refetch:
            now, back = time.monotonic(), self._came_back_at
            self._came_back_at = None
            on_return = back is not None and now - back < RETURN_SECONDS
            self.pages.loop.later(random.uniform(0, jitter / 1000), partial(self._turn, on_return))

    def _turn(self, on_return: bool) -> None:
        """Refetch, or wait until the stream is back."""
        if self.connected and self.live:
            self._refetch(on_return)
        else:
            self._waits = True

    def _back(self, live: bool) -> None:
        now = time.monotonic()
        if self.was_lost and not self.connected:
            self._came_back_at = now
            self.pages.came_back(now - self.lost_at)
        self.connected, self.live, self._attempt = True, live, 0
        if self._waits and live:
            self._waits = False
            self._refetch(False)

    def lost(self, status: int) -> None:
        if self.connected:
            self.connected, self.lost_at = False, time.monotonic()
            self.pages.went(first=not self.was_lost)
            self.was_lost = True
        elif status not in (0, 200):
            self.pages.refused[status] += 1
            self.pages.signed_out += status in SIGNED_OUT
        self._attempt += 1
        wait = min(self._retry_ms * 2 ** min(self._attempt - 1, 10), MAX_RETRY_MS) * random.uniform(
            1 - JITTER, 1 + JITTER
        )
        self.pages.loop.later(wait / 1000, self._connect)

    def _connect(self) -> None:
        self.pages.tries[int(time.time())] += 1
        Stream(self)

    def _poll(self) -> None:
        self.pages.loop.later(POLL_SECONDS, self._poll)
        if not self._recently_disconnected() and (not (self.connected and self.live) or self.stale_since):
            self._refetch(False)

    def _recently_disconnected(self) -> bool:
        return not self.connected and time.monotonic() - self.lost_at < MOMENT_SECONDS

    def _refetch(self, on_return: bool) -> None:
        self.pages.refetches[int(time.time())] += 1
        if on_return:
            self.pages.refetches_on_return[int(time.time())] += 1
        if self._fetching:
            # As the page does: a signal during a fetch causes another fetch after it.
            self._fetch_again = True
        elif self._fetches:
            self._fetching = True
            Fetch(self)

    def fetched(self, status: int) -> None:
        again, self._fetching, self._fetch_again = self._fetch_again, False, False
        self._judge(status)
        if again:
            self._refetch(False)

    def _judge(self, status: int) -> None:
        if status in (200, 304):
            if self.stale_since is not None:
                self.pages.stale_seconds.append(time.monotonic() - self.stale_since)
                self.pages.read_stale += self.shows_stale()
            self.stale_since, self._again = None, RETRY_SECONDS[0]
            self.pages.fetched += 1
        elif status in SIGNED_OUT:
            self.pages.signed_out += 1
        else:
            self.pages.failed[status] += 1
            self.stale_since = self.stale_since or time.monotonic()
            self.pages.loop.later(self._again * random.uniform(0.5, 1.0), self._retry)
            self._again = min(self._again * 2, RETRY_SECONDS[1])

    def shows_stale(self) -> bool:
        if self.stale_since is None:
            return False
        return time.monotonic() > max(self.stale_since + STALE_SECONDS, self.lost_at + RESTART_SECONDS)

    def _retry(self) -> None:
        if self.stale_since is None:
            return
        if self._recently_disconnected():
            self.pages.loop.later(self._again * random.uniform(0.5, 1.0), self._retry)
        else:
            self._refetch(False)


class Pages:
    """The viewers of this process, and their counters since the last `mark`."""

    def __init__(self, aim: Aim) -> None:
        self.aim, self.loop = aim, Loop()
        self._pages: list[Page] = []
        self._mark()

    def answer(self, command: str) -> dict[str, Any]:
        return {"open": self._open_all, "mark": self._mark, "read": self._read}[command]()

    def went(self, first: bool) -> None:
        self.lost += first

    def came_back(self, away_seconds: float) -> None:
        self.away.append(away_seconds)
        self.returns[int(time.time())] += 1
        self.back_at = time.time()

    def _open_all(self) -> dict[str, Any]:
        begin = time.monotonic()
        while (there := self._connected()) < self.aim.count and time.monotonic() - begin < self.aim.open_seconds:
            while len(self._pages) < min(self.aim.count, there + self.aim.burst):
                self._pages.append(Page(self, len(self._pages)))
            self.loop.turn(0.02)
        return {"open": there, "seconds": time.monotonic() - begin}

    def _connected(self) -> int:
        return sum(page.connected for page in self._pages)

    def _mark(self) -> dict[str, Any]:
        self.tries: Counter[int] = Counter()  # by second, as the next three
        self.returns: Counter[int] = Counter()
        self.refetches: Counter[int] = Counter()
        self.refetches_on_return: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()  # streams, by HTTP status
        self.failed: Counter[int] = Counter()  # panels, by status; 0: no answer
        self.away: list[float] = []
        self.stale_seconds: list[float] = []
        self.lost = self.resyncs = self.signed_out = self.fetched = self.read_stale = 0
        self.back_at = 0.0
        for page in self._pages:
            page.was_lost = False
        return {}

    def _read(self) -> dict[str, Any]:
        now = time.monotonic()
        still = [now - page.stale_since for page in self._pages if page.stale_since is not None]
        return {
            **{
                name: getattr(self, name)
                for name in ("lost", "resyncs", "signed_out", "fetched", "back_at", "refused", "failed")
            },
            "connected": self._connected(),
            "away": self.away,
            "stale": self.stale_seconds + still,
            "still_stale": len(still),
            "read_stale": self.read_stale + sum(page.shows_stale() for page in self._pages),
            "tries": sum(self.tries.values()),
            **{
                f"peak_{name}": max(getattr(self, name).values(), default=0)
                for name in ("tries", "returns", "refetches", "refetches_on_return")
            },
        }


if __name__ == "__main__":
    serve(Pages)
