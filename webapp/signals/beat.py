"""One heartbeat: the value of the leader's two keys in Redis. Any program that reaches Redis may have written it."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import dataclass

MAX_CHARS = 1_000  # per value; ours have about 100
MAX_HOST_CHARS = 255  # the longest DNS name
LATEST = 10_000_000_000.0  # epoch seconds, in the year 2286


@dataclass(frozen=True)
class Beat:
    """A listener's heartbeat: its host, its process id, and its time in epoch seconds."""

    host: str
    pid: int
    at: float

    @classmethod
    def now(cls) -> Beat:
        """This process's heartbeat at this moment."""
        return cls(socket.gethostname(), os.getpid(), time.time())

    @classmethod
    def parse(cls, text: str | bytes) -> Beat:
        """Raises ValueError, and nothing else, when `text` is not a valid heartbeat."""
        try:
            if len(text) > MAX_CHARS:
                raise ValueError("too long")
            data = json.loads(text)
            host, pid, at = data["host"], data["pid"], data["at"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ValueError(f"not a valid heartbeat: {text[:80]!r}") from error
        if not (isinstance(host, str) and 0 < len(host) <= MAX_HOST_CHARS and host.isprintable()):
            raise ValueError(f"not a valid host of a heartbeat: {host!r:.80}")
        if type(pid) is not int or not 0 <= pid < 2**32:
            raise ValueError(f"not a valid process id of a heartbeat: {pid!r:.80}")
        if type(at) not in (int, float) or not 0 <= at <= LATEST:
            raise ValueError(f"not a valid time of a heartbeat: {at!r:.80}")
        return cls(host, pid, float(at))

    def __str__(self) -> str:
        return json.dumps({"host": self.host, "pid": self.pid, "at": self.at})

    @property
    def is_mine(self) -> bool:
        return (self.host, self.pid) == (socket.gethostname(), os.getpid())

    @property
    def age(self) -> float:
        """Seconds since the heartbeat; 0 when that host's clock is ahead."""
        return max(0.0, time.time() - self.at)
