"""The load client: a process that opens thousands of streams and counts the frames that they receive.

It must cost less than the measured server, so a frame is one read and one search for `id: `, which every server here
writes once per signal. A sample of the streams is parsed in full: the seq of each signal, with the time of its arrival.

It reads commands from standard input and answers on standard output, one JSON object per line. It ends when standard
input is closed, or after `seconds`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from .loop import Loop, Request, get, raise_open_files
from .sse import Parser
from .stage import ROOT

MARK = b"id: "
OK = b"HTTP/1.1 200"


@dataclass(frozen=True)
class Aim:
    """The streams to open: `count` of `path` at that port, with `cookies` in turn, at most `burst` at a time.

    A refused stream is retried, as a page does, until there are as many refusals as streams.
    """

    port: int
    path: str
    count: int
    cookies: tuple[str, ...] = ("",)
    samples: int = 100
    burst: int = 50
    open_seconds: float = 240.0
    seconds: float = 900.0
    fetch_share: float = 0.0  # for viewers.py
    fetch_path: str = "/"

    def request(self, number: int, *headers: str) -> bytes:
        cookie = self.cookies[number % len(self.cookies)]
        return get(self.path, "Accept: text/event-stream", *([f"Cookie: {cookie}"] if cookie else ()), *headers)


class Counted(Request):
    """A stream that only counts frames and bytes, unless it is `sampled`."""

    def __init__(self, load: Load, number: int, sampled: bool) -> None:
        self._load = load
        self._opened = False
        self._tail = b""
        self._parser = Parser() if sampled else None
        self.signals: list[tuple[int, float]] = []  # seq, time of arrival
        super().__init__(load.loop, load.aim.port, load.aim.request(number), number)

    def received(self, data: bytes) -> None:
        if not self._opened or not data:
            self._opened = self._load.opened(self._opened, data)
            if not self._opened:
                self.close()  # refused or ended
                return
        self._load.bytes += len(data)
        self._load.frames += (self._tail + data).count(MARK) if self._tail else data.count(MARK)
        # The mark may be split over two reads.
        self._tail = b"" if data.endswith(b"\n") else data[-len(MARK) + 1 :]
        if self._parser:
            now = time.time()
            for event in self._parser.feed(data):
                if event.id is not None and event.name != "hello":
                    self.signals.append((json.loads(event.data)["seq"], now))


class Load:
    """The streams of this process, and its counters since the last `mark`."""

    def __init__(self, aim: Aim) -> None:
        self.aim, self.loop = aim, Loop()
        self.frames = self.bytes = self.open = self.ended = 0
        self.failed: Counter[str] = Counter()  # by HTTP status, or "no answer"
        self._streams: list[Counted] = []
        self._sampled: list[Counted] = []
        self._cpu = time.process_time()

    def opened(self, before: bool, data: bytes) -> bool:
        """Count a stream's first bytes or its end (b""); returns whether it is open."""
        if data.startswith(OK) and not before:
            self.open += 1
            return True
        if before:
            self.open -= 1
            self.ended += 1
        else:
            self.failed[data[9:12].decode(errors="replace") or "no answer"] += 1
        return False

    def answer(self, command: str) -> dict[str, Any]:
        return {"open": self._open_all, "mark": self._mark, "read": self._read}[command]()

    def _open_all(self) -> dict[str, Any]:
        aim, begin = self.aim, time.monotonic()
        every = max(1, aim.count // max(1, aim.samples))
        while self._served() < aim.count and time.monotonic() - begin < aim.open_seconds:
            if self.failed.total() >= aim.count:
                break
            while self._connecting() < min(aim.burst, aim.count - self._served()):
                number = len(self._streams)
                stream = Counted(self, number, number % every == 0)
                self._streams.append(stream)
                if number % every == 0:
                    self._sampled.append(stream)
            self.loop.turn()
        return {"open": self.open, "failed": self.failed, "seconds": time.monotonic() - begin}

    def _served(self) -> int:
        return self.open + self.ended

    def _connecting(self) -> int:
        return len(self._streams) - self._served() - self.failed.total()

    def _mark(self) -> dict[str, Any]:
        self.frames = self.bytes = 0
        self._cpu = time.process_time()
        for stream in self._sampled:
            stream.signals = []
        return {}

    def _read(self) -> dict[str, Any]:
        counted = {"frames": self.frames, "bytes": self.bytes, "open": self.open, "ended": self.ended}
        return {**counted, "cpu": time.process_time() - self._cpu, "signals": [each.signals for each in self._sampled]}


def serve(load_of: Callable[[Aim], Any]) -> None:
    """The process: its first line of input is the aim, each later line is a command."""
    raise_open_files()
    # Unbuffered, because the loop reads the commands after it.
    with open(0, "rb", buffering=0, closefd=False) as first:
        settings = json.loads(first.readline())
    load = load_of(Aim(**{**settings, "cookies": tuple(settings["cookies"])}))
    ends, over = time.monotonic() + load.aim.seconds, False

    def on_command(_events: int) -> None:
        nonlocal over
        # One at a time, because the caller waits for each answer.
        command = os.read(0, 100).decode().strip()
        over = not command
        if command:
            print(json.dumps(load.answer(command)), flush=True)

    load.loop.add(0, on_command)
    while not over and time.monotonic() < ends:
        load.loop.turn()


class Client:
    """A load client as a process of its own. `ask` waits for its answer."""

    def __init__(self, aim: Aim, module: str = "bench.load_client") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._send(json.dumps(asdict(aim)))

    def ask(self, command: str) -> dict[str, Any]:
        """`open`, `mark` or `read`."""
        self._send(command)
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"the load client ended before it answered {command!r}")
        found: dict[str, Any] = json.loads(answer)
        return found

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


if __name__ == "__main__":
    serve(Load)
