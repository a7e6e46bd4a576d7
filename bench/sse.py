"""A parser of Server-Sent Events in an HTTP response, for streams that are read in full; most are only counted."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Event:
    """One event as a page receives it. `id` and `retry` (ms) are None when the server sent none."""

    name: str = ""
    data: str = ""
    id: str | None = None
    retry: int | None = None


@dataclass
class Parser:
    """`feed` returns the events that the new bytes complete, however they are split. `status` is 0 until the head is read."""

    status: int = 0
    _raw: bytes = b""  # an incomplete head or chunk
    _text: bytes = b""  # an incomplete line
    _chunked: bool = False
    _event: Event = field(default_factory=Event)
    _begun: bool = False

    def feed(self, data: bytes) -> list[Event]:
        """Raises ValueError when the bytes are not HTTP."""
        self._raw += data
        if not self.status and not self._head():
            return []
        *lines, self._text = (self._text + self._body()).split(b"\n")
        return [event for line in lines if (event := self._line(line.rstrip(b"\r").decode()))]

    def _head(self) -> bool:
        head, end, rest = self._raw.partition(b"\r\n\r\n")
        if not end:
            return False
        version, _, words = head.partition(b" ")
        if not version.startswith(b"HTTP/1."):
            raise ValueError(f"not an HTTP/1 response: {head[:40]!r}")
        self.status, self._chunked, self._raw = int(words[:3]), b"transfer-encoding: chunked" in head.lower(), rest
        return True

    def _body(self) -> bytes:
        if not self._chunked:
            body, self._raw = self._raw, b""
            return body
        parts = []
        while (end := self._raw.find(b"\r\n")) >= 0:
            begin, size = end + 2, int(self._raw[:end].partition(b";")[0], 16)
            if not size or len(self._raw) < begin + size + 2:
                break
            parts.append(self._raw[begin : begin + size])
            self._raw = self._raw[begin + size + 2 :]
        return b"".join(parts)

    def _line(self, line: str) -> Event | None:
        if not line:
            event, begun = self._event, self._begun
            self._event, self._begun = Event(), False
            return event if begun else None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                self._event.name = value
            case "data":
                self._event.data += ("\n" if self._event.data else "") + value
            case "id":
                self._event.id = value
            case "retry" if value.isdigit():
                self._event.retry = int(value)
            case _:
                return None  # a comment or an unknown field
        self._begun = True
        return None
