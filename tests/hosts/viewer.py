"""A page without a browser, on a host: it holds a stream, refetches after signals, and resumes as a page does."""

from __future__ import annotations

import threading
import urllib.request
from collections import Counter
from http.client import HTTPException

from bs4 import BeautifulSoup

from ..support.sse import EventStream
from .network import Host

FIGURES = ("revenue", "orders_today")
# live.js: a stream that is silent for this long is dead.
SILENCE_SECONDS = 35.0
RETRY_SECONDS = 1.0


class Viewer:
    """`shows` has the figures on its page, `received` counts the events of its streams."""

    def __init__(self, host: Host, url: str, cookie: str) -> None:
        self.shows: tuple[str, ...] = ()
        self.received: Counter[str] = Counter()
        self.live = False
        self._host, self._url, self._cookie = host, url, cookie
        self._last_id: str | None = None
        self._stopped, self._dirty = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._watch, self._refetch)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._stopped.set()
        self._dirty.set()

    def _watch(self) -> None:
        self._host.enter()
        while not self._stopped.is_set():
            try:
                self._read(EventStream(f"{self._url}/stream", self._cookie, self._last_id, SILENCE_SECONDS))
            except OSError:
                self.live = False
            self._stopped.wait(RETRY_SECONDS)

    def _read(self, stream: EventStream) -> None:
        try:
            while not self._stopped.is_set() and (event := stream.next()):
                self._last_id = stream.last_id
                self.received[event.name] += 1
                if event.name == "hello":
                    self.live = bool(event.data["live"])
                elif event.name in ("away", "resync"):
                    self.live = event.name == "resync"
                if event.name not in ("ping", "away"):
                    self._dirty.set()
        finally:
            stream.close()

    def _refetch(self) -> None:
        self._host.enter()
        while not self._stopped.is_set():
            self._dirty.wait()
            self._dirty.clear()
            try:
                self.shows = tuple(self._figure(name) for name in FIGURES)
            # A 5xx or an incomplete answer: the page shows "stale" and retries.
            except (OSError, HTTPException):
                self._stopped.wait(RETRY_SECONDS)
                self._dirty.set()

    def _figure(self, name: str) -> str:
        request = urllib.request.Request(f"{self._url}/panels/{name}", headers={"Cookie": self._cookie})  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - our own namespace
            figure = BeautifulSoup(response.read(), "html.parser").select_one(f"#{name}-figure")
        assert figure is not None
        return figure.get_text(strip=True)
