"""Viewers of the board without a browser: a stream each and the refetches that its page would make. One process, one epoll.

They do what webapp/static does: where a frame carries a jitter, fold signals into turns, and ask in a turn for all panels
concerned at once, and not again before the answer; else refetch a panel at most once in its throttle with the trailing one
never lost. The list of recent orders is always asked for by itself. They send the ETags of what they have. A viewer keeps
two connections, one for turns and one for single panels, which it asks for one after another. With `mode` "poll" they have
no stream and ask for each moving panel once a second.
"""

from __future__ import annotations

import json
import random
import re
import signal
import socket
import time
from collections import deque
from pathlib import Path
from urllib.parse import urlsplit

from webapp.panels.registry import PANELS

from .loop import Loop, raise_open_files
from .wire import Wire, header_of

MOVING = tuple(panel for panel in PANELS.values() if "rollups" not in panel.topics)
THROTTLES = tuple(float(panel.throttle.removesuffix("s")) for panel in MOVING)
CONCERNED = {
    topic: tuple(n for n, panel in enumerate(MOVING) if topic in panel.topics)
    for topic in ("orders", "revenue", "placed")
}
CONCERNED |= dict.fromkeys(("resync", "day"), tuple(range(len(MOVING))))
MARKS = {f"event: {topic}\n".encode(): panels for topic, panels in CONCERNED.items()}
REVENUE = next(n for n, panel in enumerate(MOVING) if panel.name == "revenue")
LIST = next(n for n, panel in enumerate(MOVING) if panel.name == "recent_orders")
NUMBER = {panel.name.encode(): n for n, panel in enumerate(MOVING)}
FIGURE = re.compile(rb'data-version="(\d+)"')
JITTER = re.compile(rb'"jitter":(\d+)')
TURN_SECONDS = 0.5  # as MIN_INTERVAL_MS of batch_refetch.js
SEEN = re.compile(rb'(\w+)=("[^"]*")')
WIRES = 5  # connections for single panels, as many as a browser has beside the stream's
POLL_SECONDS = 1.0


class Viewer:
    """`seen` gets (revenue figure, when it was there) whenever the figure is another than before."""

    def __init__(self, loop: Loop, address: tuple[str, int], cookie: str, seen: list[tuple[int, float]]) -> None:
        self._loop, self._address, self._cookie, self._seen = loop, address, f"Cookie: {cookie}", seen
        self.live = False
        self.requests = self.unchanged = self.errors = 0
        self._dirty: set[int] = set()
        self._due: deque[int] = deque()
        self._sent_at = [float("-inf")] * len(MOVING)
        self._waiting: set[int] = set()  # panels whose throttle holds them back, or that are in the queue
        self._etags = [b""] * len(MOVING)
        self._asked: dict[Wire, int] = {}
        self._singles: list[Wire] = []
        self._together = Wire(loop, address, self._together_answered)
        self._turned_at, self._turning, self._jitter = 0.0, False, 0.0
        self._figure = -1
        self._frames = b""

    def open(self) -> None:
        self._stream = socket.create_connection(self._address)
        self._stream.sendall(f"GET /stream HTTP/1.1\r\nHost: bench\r\n{self._cookie}\r\n\r\n".encode())
        self._stream.setblocking(False)
        self._loop.add(self._stream.fileno(), self._read_stream)

    def poll(self) -> None:
        self.live = True
        for n in range(len(MOVING)):
            self._want(n)
        self._loop.later(POLL_SECONDS, self.poll)

    def _read_stream(self, _events: int) -> None:
        data = self._stream.recv(65536)
        if not data:
            self.errors += 1
            return self._loop.remove(self._stream.fileno())
        self._frames += data
        if not data.endswith((b"\n\n", b"\n\n\r\n")):
            return None  # the rest of a frame is still to come
        frames, self._frames = self._frames, b""
        self.live = True
        for mark, panels in MARKS.items():
            if mark in frames:
                self._dirty.update(panels)
        jitter = JITTER.search(frames)
        if not jitter and not self._turning and not self._together.busy:
            return self._want_all()
        if jitter:
            self._jitter = int(jitter[1]) / 1000
        return self._schedule()

    def _schedule(self) -> None:
        if self._dirty and not self._turning and not self._together.busy:
            self._turning = True
            rest = max(0.0, self._turned_at + TURN_SECONDS - time.monotonic())
            self._loop.later(rest + random.random() * self._jitter, self._take_turn)

    def _take_turn(self) -> None:
        self._turning, self._turned_at = False, time.monotonic()
        if LIST in self._dirty:
            self._want(LIST)
        names = [MOVING[n].name for n in self._dirty if n != LIST]
        known = ", ".join(f"{MOVING[n].name}={self._etags[n].decode()}" for n in self._dirty if n != LIST)
        self._dirty.clear()
        if names:
            self.requests += 1
            self._together.ask(f"/panels?names={','.join(names)}", self._cookie, f"Doorbell-Panels: {known}")

    def _together_answered(self, _wire: Wire, head: bytes, body: bytes) -> None:
        if head.startswith(b"HTTP/1.1 200"):
            for name, etag in SEEN.findall(header_of(head, b"doorbell-panels")):
                self._etags[NUMBER[name]] = etag
            place = body.find(b'id="revenue"')
            if place >= 0:
                self._look(body[place:])
        else:
            self.errors += 1
        self._schedule()

    def _want_all(self) -> None:
        for n in self._dirty:
            self._want(n)
        self._dirty.clear()

    def _want(self, n: int) -> None:
        """At once, or when the throttle lets it; one that waits already is enough."""
        if n in self._waiting:
            return
        self._waiting.add(n)
        rest = self._sent_at[n] + THROTTLES[n] - time.monotonic()
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
        self._waiting.discard(n)  # what is signalled from now on is asked for again
        self._sent_at[n] = time.monotonic()
        self.requests += 1
        known = (f"If-None-Match: {self._etags[n].decode()}",) if self._etags[n] else ()
        wire.ask(f"/panels/{MOVING[n].name}", self._cookie, *known)

    def _answered(self, wire: Wire, head: bytes, body: bytes) -> None:
        n = self._asked.pop(wire)
        if head.startswith(b"HTTP/1.1 304"):
            self.unchanged += 1
        elif not head.startswith(b"HTTP/1.1 200"):
            self.errors += 1
        else:
            self._etags[n] = header_of(head, b"etag")
            if n == REVENUE:
                self._look(body)
        if self._due:
            self._ask(wire)

    def _look(self, revenue: bytes) -> None:
        found = FIGURE.search(revenue)
        if found and int(found[1]) != self._figure:
            self._figure = int(found[1])
            self._seen.append((self._figure, time.time()))


def watch(url: str, mode: str, viewers: str, cookies: str, out: str) -> None:
    """So many viewers until SIGTERM; then what they saw, as JSON in the file `out`."""
    parts = urlsplit(url)
    raise_open_files()
    loop, seen, stopped = Loop(), [], []  # type: tuple[Loop, list[list[tuple[int, float]]], list[int]]
    signal.signal(signal.SIGTERM, lambda number, _frame: stopped.append(number))
    everybody = []
    for cookie in json.loads(Path(cookies).read_text())[: int(viewers)]:
        seen.append([])
        viewer = Viewer(loop, (parts.hostname or "", parts.port or 80), cookie, seen[-1])
        everybody.append(viewer)
        if mode == "poll":
            loop.later(random.random() * POLL_SECONDS, viewer.poll)
        else:
            viewer.open()
        for _ in range(5):  # so that the server is not flooded at the start
            loop.turn()
    while not all(viewer.live for viewer in everybody):
        loop.turn()
    print("ready", flush=True)
    before, begun = time.process_time(), time.time()
    while not stopped:
        loop.turn()
    counts = {name: sum(getattr(v, name) for v in everybody) for name in ("requests", "unchanged", "errors")}
    cpu = (time.process_time() - before) / (time.time() - begun)
    Path(out).write_text(json.dumps({"seen": seen, "cpu": cpu, **counts}))
