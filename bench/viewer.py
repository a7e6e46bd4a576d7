"""Viewers of the board without a browser: a stream each and the refetches that its page would make. One process, one epoll.

They do what webapp/static does: fold signals into turns when a frame carries a spread, refetch a panel at most once in its
throttle with the trailing one never lost, and send the ETag of what they have. A viewer asks over one kept connection, one
panel after another. With `mode` "poll" they have no stream and ask for each moving panel once a second.
"""

from __future__ import annotations

import heapq
import json
import random
import re
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from webapp.queries import PANELS

MOVING = tuple(panel for panel in PANELS.values() if "rollups" not in panel.topics)
THROTTLES = tuple(float(panel.throttle.removesuffix("s")) for panel in MOVING)
CONCERNED = {
    topic: tuple(n for n, panel in enumerate(MOVING) if topic in panel.topics)
    for topic in ("orders", "revenue", "placed")
}
CONCERNED |= dict.fromkeys(("resync", "day"), tuple(range(len(MOVING))))
MARKS = {f"event: {topic}\n".encode(): panels for topic, panels in CONCERNED.items()}
REVENUE = next(n for n, panel in enumerate(MOVING) if panel.name == "revenue")
FIGURE = re.compile(rb'data-version="(\d+)"')
SPREAD = re.compile(rb'"spread":(\d+)')
TURN_SECONDS = 1.0  # as TURN_MS of refetch.js
POLL_SECONDS = 1.0


class Loop:
    """Sockets and times, each with what to call."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.readers: dict[int, Callable[[], None]] = {}
        self.times: list[tuple[float, int, Callable[[], None]]] = []
        self.count = 0
        self.stopped = False

    def watch(self, sock: socket.socket, call: Callable[[], None]) -> None:
        self.readers[sock.fileno()] = call
        self.epoll.register(sock.fileno(), select.EPOLLIN)

    def drop(self, sock: socket.socket) -> None:
        self.readers.pop(sock.fileno(), None)
        sock.close()  # which takes it out of the epoll

    def at(self, moment: float, call: Callable[[], None]) -> None:
        self.count += 1
        heapq.heappush(self.times, (moment, self.count, call))

    def turn(self) -> None:
        wait = max(0.0, min(0.1, self.times[0][0] - time.time())) if self.times else 0.1
        for fd, _ in self.epoll.poll(wait, 512):
            if fd in self.readers:
                self.readers[fd]()
        now = time.time()
        while self.times and self.times[0][0] <= now:
            heapq.heappop(self.times)[2]()


class Viewer:
    """`seen` gets (revenue figure, when it was there) whenever the figure is another than before."""

    def __init__(self, loop: Loop, address: tuple[str, int], cookie: str, seen: list[tuple[int, float]]) -> None:
        self._loop, self._address, self._cookie, self._seen = loop, address, cookie, seen
        self.live = False
        self.requests = self.unchanged = self.errors = 0
        self._dirty: set[int] = set()
        self._due: deque[int] = deque()
        self._sent_at = [0.0] * len(MOVING)
        self._waiting: set[int] = set()  # panels whose throttle holds them back, or that are in the queue
        self._etags = [b""] * len(MOVING)
        self._asking: int | None = None
        self._turned_at, self._turning = 0.0, False
        self._figure = -1
        self._answer = self._frames = b""
        self._connect()

    def open(self) -> None:
        self._stream = socket.create_connection(self._address)
        self._stream.sendall(f"GET /stream HTTP/1.1\r\nHost: bench\r\nCookie: {self._cookie}\r\n\r\n".encode())
        self._stream.setblocking(False)
        self._loop.watch(self._stream, self._read_stream)

    def poll(self) -> None:
        self.live = True
        for n in range(len(MOVING)):
            self._want(n)
        self._loop.at(time.time() + POLL_SECONDS, self.poll)

    def _read_stream(self) -> None:
        data = self._stream.recv(65536)
        if not data:
            self.errors += 1
            return self._loop.drop(self._stream)
        self._frames += data
        if not data.endswith((b"\n\n", b"\n\n\r\n")):
            return None  # the rest of a frame is still to come
        frames, self._frames = self._frames, b""
        self.live = True
        concerned = [panels for mark, panels in MARKS.items() if mark in frames]
        if not concerned:
            return None
        for panels in concerned:
            self._dirty.update(panels)
        spread = SPREAD.search(frames)
        if not spread and not self._turning:
            return self._take_turn()
        if not self._turning:
            self._turning = True
            rest = max(time.time(), self._turned_at + TURN_SECONDS)
            self._loop.at(rest + random.random() * int(spread[1] if spread else 0) / 1000, self._take_turn)
        return None

    def _take_turn(self) -> None:
        self._turning, self._turned_at = False, time.time()
        for n in self._dirty:
            self._want(n)
        self._dirty.clear()

    def _want(self, n: int) -> None:
        """At once, or when the throttle lets it; one that waits already is enough."""
        if n in self._waiting:
            return
        self._waiting.add(n)
        rest = self._sent_at[n] + THROTTLES[n]
        if rest <= time.time():
            self._enqueue(n)
        else:
            self._loop.at(rest, lambda: self._enqueue(n))

    def _enqueue(self, n: int) -> None:
        self._due.append(n)
        if self._asking is None:
            self._ask()

    def _ask(self) -> None:
        self._asking = n = self._due.popleft()
        self._waiting.discard(n)  # what is signalled from now on is asked for again
        self._sent_at[n] = time.time()
        known = b"If-None-Match: " + self._etags[n] + b"\r\n" if self._etags[n] else b""
        head = f"GET /panels/{MOVING[n].name} HTTP/1.1\r\nHost: bench\r\nCookie: {self._cookie}\r\n".encode()
        self._answer = b""
        self.requests += 1
        try:
            self._socket.sendall(head + known + b"\r\n")
        except OSError:
            self._again()

    def _read_answer(self) -> None:
        try:
            data = self._socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            return self._again()
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end:
            return None
        unchanged = head.startswith(b"HTTP/1.1 304")
        if not unchanged and len(body) < int(_header(head, b"content-length") or 0):
            return None
        return self._answered(head, body, unchanged)

    def _answered(self, head: bytes, body: bytes, unchanged: bool) -> None:
        n, self._asking = self._asking, None
        assert n is not None
        if unchanged:
            self.unchanged += 1
        elif not head.startswith(b"HTTP/1.1 200"):
            self.errors += 1
        else:
            self._etags[n] = _header(head, b"etag")
            found = FIGURE.search(body) if n == REVENUE else None
            if found and int(found[1]) != self._figure:
                self._figure = int(found[1])
                self._seen.append((self._figure, time.time()))
        if self._due:
            self._ask()

    def _connect(self) -> None:
        self._socket = socket.create_connection(self._address)
        self._loop.watch(self._socket, self._read_answer)

    def _again(self) -> None:
        """The server closed a connection that was idle for longer than it keeps one."""
        self._loop.drop(self._socket)
        self._connect()
        if self._asking is not None:
            self._due.appendleft(self._asking)
            self._ask()


def _header(head: bytes, name: bytes) -> bytes:
    place = head.lower().find(b"\r\n" + name + b":")
    return head[place + len(name) + 3 :].split(b"\r\n", 1)[0].strip() if place >= 0 else b""


def watch(url: str, mode: str, viewers: str, cookies: str, out: str) -> None:
    """So many viewers until SIGTERM; then what they saw, as JSON in the file `out`."""
    parts = urlsplit(url)
    loop, seen = Loop(), []  # type: tuple[Loop, list[list[tuple[int, float]]]]
    signal.signal(signal.SIGTERM, lambda *_: setattr(loop, "stopped", True))
    everybody = []
    for cookie in json.loads(Path(cookies).read_text())[: int(viewers)]:
        seen.append([])
        viewer = Viewer(loop, (parts.hostname or "", parts.port or 80), cookie, seen[-1])
        everybody.append(viewer)
        if mode == "poll":
            loop.at(time.time() + random.random() * POLL_SECONDS, viewer.poll)
        else:
            viewer.open()
        for _ in range(5):  # so that the server is not flooded at the start
            loop.turn()
    while not all(viewer.live for viewer in everybody):
        loop.turn()
    print("ready", flush=True)
    before, begun = time.process_time(), time.time()
    while not loop.stopped:
        loop.turn()
    counts = {name: sum(getattr(v, name) for v in everybody) for name in ("requests", "unchanged", "errors")}
    cpu = (time.process_time() - before) / (time.time() - begun)
    Path(out).write_text(json.dumps({"seen": seen, "cpu": cpu, **counts}))
