"""A plain reader of Server-Sent Events, as strict as the specification."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Event:
    """One named event with its JSON and, where the server sent one, its id."""

    name: str
    data: dict[str, Any]
    id: str | None


class EventStream:
    """An open stream. Reading waits at most `timeout` seconds for each line, then raises TimeoutError."""

    def __init__(self, url: str, cookie: str, last_event_id: str | None = None, timeout: float = 30.0) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
        headers = {"Accept": "text/event-stream", "Cookie": cookie}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        self._connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
        self.response = self._connection.getresponse()
        self.status = self.response.status
        self.last_id = last_event_id

    def next(self) -> Event | None:
        """The next event; None when the server ended the stream."""
        fields: dict[str, str] = {}
        while line := self.response.readline().decode():
            if line == "\n":
                if "event" in fields:
                    self.last_id = fields.get("id", self.last_id)
                    return Event(fields["event"], json.loads(fields["data"]), fields.get("id"))
                fields = {}
                continue
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value
        return None

    def until(self, name: str) -> Event:
        """The next event of this name; those before it are passed over, beats mostly."""
        while event := self.next():
            if event.name == name:
                return event
        raise AssertionError(f"the stream ended before {name!r}")

    def names_until(self, name: str) -> list[str]:
        """The names of all events up to and with this one."""
        names: list[str] = []
        while event := self.next():
            names.append(event.name)
            if event.name == name:
                return names
        raise AssertionError(f"the stream ended before {name!r}, after {names}")

    def close(self) -> None:
        self.response.close()
        self._connection.close()
