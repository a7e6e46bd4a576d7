"""Viewers of the board without a browser: each has a stream, and refetches as its page would. One process, one epoll.

They do the same as webapp/static (pace.js, batch_refetch.js, recent.js), at the pace that the frames carry. In a crowd they
coalesce signals, fetch all panels concerned in one request, and wait for the answer before the next. Otherwise they fetch
all figures in one request and each other panel by itself, and never lose the last refetch. The list of recent orders has
its slower pace. They send the ETags that they have. A viewer keeps one connection for batches, and up to WIRES for single
panels. With `mode` "poll" they have no stream, and fetch each moving panel once per second.
"""

from __future__ import annotations

import json
import random
import re
import signal
import socket
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from webapp.panels import pacing
from webapp.panels.registry import PANELS

from .loop import Loop, raise_open_files
from .wire import Wire, header_of

MOVING = tuple(panel for panel in PANELS.values() if "rollups" not in panel.topics)
CONCERNED = {
    topic: tuple(n for n, panel in enumerate(MOVING) if topic in panel.topics)
    for topic in ("orders", "revenue", "placed")
}
CONCERNED |= dict.fromkeys(("resync", "day"), tuple(range(len(MOVING))))
MARKS = {f"event: {topic}\n".encode(): panels for topic, panels in CONCERNED.items()}
REVENUE = next(n for n, panel in enumerate(MOVING) if panel.name == "revenue")
LIST = next(n for n, panel in enumerate(MOVING) if panel.name == "recent_orders")
# Fetched together, as if they were one panel: that of REVENUE.
FIGURES = tuple(n for n, panel in enumerate(MOVING) if panel.is_figure)
NUMBER = {panel.name.encode(): n for n, panel in enumerate(MOVING)}
FIGURE = re.compile(rb'data-version="(\d+)"')
PACE = re.compile(rb'"pace":(\d+)(?:,"jitter":(\d+))?')
SEEN = re.compile(rb'(\w+)=("[^"]*")')
# Connections for single panels: as many as a browser has beside the stream.
WIRES = 5
POLL_SECONDS = 1.0


class Viewer:
    """One viewer. `seen` gets (revenue figure, time) whenever the figure changes."""

    def __init__(self, loop: Loop, address: tuple[str, int], cookie: str, seen: list[tuple[int, float]]) -> None:
        self._loop, self._address, self._cookie, self._seen = loop, address, f"Cookie: {cookie}", seen
        self.live = False
        self.requests = self.unchanged = self.errors = 0
        self._frames, self._figure = b"", -1
        self._etags = [b""] * len(MOVING)
        self._pace, self._jitter = pacing.PAGE_PART * pacing.MIN_ROUND_SECONDS, 0.0
        self._next_at = [float("-inf")] * len(MOVING)
        # Single panels: the ones with a timer or in the queue, in flight, and changed while in flight.
        self._waiting: set[int] = set()
        self._asking: set[int] = set()
        self._ask_again: set[int] = set()
        self._due: deque[int] = deque()
        self._asked: dict[Wire, int] = {}
        self._singles: list[Wire] = []
        # Batches.
        self._dirty: set[int] = set()
        self._batch = Wire(loop, address, self._batch_answered)
        self._has_timer = False
        self._flushed_at = self._answered_at = float("-inf")

    def open(self) -> None:
        self._stream = socket.create_connection(self._address)
        self._stream.sendall(f"GET /stream HTTP/1.1\r\nHost: bench\r\n{self._cookie}\r\n\r\n".encode())
        self._stream.setblocking(False)
        self._loop.add(self._stream.fileno(), self._read_stream)

    def poll(self) -> None:
        self.live = True
        self._next_at = [0.0] * len(MOVING)
        self._dirty.update(range(len(MOVING)))
        self._want_all()
        self._loop.later(POLL_SECONDS, self.poll)

    def _read_stream(self, _events: int) -> None:
        data = self._stream.recv(65536)
        if not data:
            self.errors += 1
            return self._loop.remove(self._stream.fileno())
        self._frames += data
        if not data.endswith((b"\n\n", b"\n\n\r\n")):
            return None  # an incomplete frame
        frames, self._frames = self._frames, b""
        self.live = True
        for mark, panels in MARKS.items():
            if mark in frames:
                self._dirty.update(panels)
        if found := PACE.search(frames):
            self._pace, self._jitter = int(found[1]) / 1000, int(found[2] or 0) / 1000
        if not self._jitter and not self._has_timer and not self._batch.busy:
            return self._want_all()
        return self._schedule()

    def _schedule(self) -> None:
        if not self._dirty or self._has_timer or self._batch.busy:
            return
        self._has_timer, now = True, time.monotonic()
        wait = max(0.0, self._flushed_at + self._pace - now)
        if now - self._answered_at > self._pace:
            wait += random.random() * self._jitter
        self._loop.later(wait, self._fetch_batch)

    def _fetch_batch(self) -> None:
        self._has_timer, self._flushed_at = False, time.monotonic()
        panels = {n for n in self._dirty if n != LIST or self._next_at[LIST] <= self._flushed_at}
        if LIST in panels:
            self._next_at[LIST] = self._flushed_at + self._pace * MOVING[LIST].pace_times
        elif LIST in self._dirty:
            self._loop.later(self._next_at[LIST] - self._flushed_at, self._schedule)
        self._dirty -= panels
        if panels:
            self.requests += 1
            self._ask_together(self._batch, panels)

    def _ask_together(self, wire: Wire, panels: Iterable[int]) -> None:
        known = ", ".join(f"{MOVING[n].name}={self._etags[n].decode()}" for n in panels)
        names = ",".join(MOVING[n].name for n in panels)
        wire.ask(f"/panels?names={names}", self._cookie, f"Doorbell-Panels: {known}")

    def _read_together(self, head: bytes, body: bytes) -> None:
        for name, etag in SEEN.findall(header_of(head, b"doorbell-panels")):
            self._etags[NUMBER[name]] = etag
        place = body.find(b'id="revenue"')
        if place >= 0:
            self._read_figure(body[place:])

    def _batch_answered(self, _wire: Wire, head: bytes, body: bytes) -> None:
        if head.startswith(b"HTTP/1.1 200"):
            self._read_together(head, body)
        else:
            self.errors += 1
        self._answered_at = time.monotonic()
        # The list may wait for its own pace.
        if self._dirty != {LIST} or self._next_at[LIST] <= self._answered_at:
            self._schedule()

    def _want_all(self) -> None:
        for n in {REVENUE if n in FIGURES else n for n in self._dirty}:
            self._want(n)
        self._dirty.clear()

    def _want(self, n: int) -> None:
        """Fetch a panel at once, or at its pace and after its last answer; once is enough for a panel that waits."""
        if n in self._waiting:
            return
        if n in self._asking:
            self._ask_again.add(n)
            return
        self._waiting.add(n)
        rest = self._next_at[n] - time.monotonic()
        if rest <= 0:
            self._enqueue(n)
        else:
            self._loop.later(rest, lambda: self._enqueue(n))

    def _enqueue(self, n: int) -> None:
        self._due.append(n)
        idle = next((wire for wire in self._singles if not wire.busy), None)
        if idle is None and len(self._singles) < WIRES:
            idle = Wire(self._loop, self._address, self._answered)
            self._singles.append(idle)
        if idle is not None:
            self._ask(idle)

    def _ask(self, wire: Wire) -> None:
        self._asked[wire] = n = self._due.popleft()
        self._waiting.discard(n)  # later signals count again
        self._asking.add(n)
        self._next_at[n] = time.monotonic() + self._pace * MOVING[n].pace_times
        self.requests += 1
        if n == REVENUE:
            return self._ask_together(wire, FIGURES)
        known = (f"If-None-Match: {self._etags[n].decode()}",) if self._etags[n] else ()
        return wire.ask(f"/panels/{MOVING[n].name}", self._cookie, *known)

    def _answered(self, wire: Wire, head: bytes, body: bytes) -> None:
        n = self._asked.pop(wire)
        self._asking.discard(n)
        if head.startswith(b"HTTP/1.1 304"):
            self.unchanged += 1
        elif not head.startswith(b"HTTP/1.1 200"):
            self.errors += 1
        elif n == REVENUE:
            self._read_together(head, body)
        else:
            self._etags[n] = header_of(head, b"etag")
        if self._due:
            self._ask(wire)
        if n in self._ask_again:
            self._ask_again.discard(n)
            self._want(n)

    def _read_figure(self, revenue: bytes) -> None:
        found = FIGURE.search(revenue)
        if found and int(found[1]) != self._figure:
            self._figure = int(found[1])
            self._seen.append((self._figure, time.time()))


def watch(url: str, mode: str, viewers: str, cookies: str, out: str) -> None:
    """Run `viewers` viewers until SIGTERM; then write what they saw as JSON to the file `out`."""
    parts = urlsplit(url)
    raise_open_files()
    loop, seen, stopped = Loop(), [], []  # type: tuple[Loop, list[list[tuple[int, float]]], list[int]]
    signal.signal(signal.SIGTERM, lambda number, _frame: stopped.append(number))
    all_viewers = []
    for cookie in json.loads(Path(cookies).read_text())[: int(viewers)]:
        seen.append([])
        viewer = Viewer(loop, (parts.hostname or "", parts.port or 80), cookie, seen[-1])
        all_viewers.append(viewer)
        if mode == "poll":
            loop.later(random.random() * POLL_SECONDS, viewer.poll)
        else:
            viewer.open()
        # Do not flood the server at the start.
        for _ in range(5):
            loop.turn()
    while not all(viewer.live for viewer in all_viewers):
        loop.turn()
    print("ready", flush=True)
    before, begun = time.process_time(), time.time()
    while not stopped:
        loop.turn()
    counts = {name: sum(getattr(v, name) for v in all_viewers) for name in ("requests", "unchanged", "errors")}
    cpu = (time.process_time() - before) / (time.time() - begun)
    Path(out).write_text(json.dumps({"seen": seen, "cpu": cpu, **counts}))
