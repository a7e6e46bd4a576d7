"""NatsSender: a wave is published without waiting in between, then all acknowledgements are awaited until a deadline.

CloudEvents in binary mode: headers `ce-…` and the payload as the data. `Nats-Msg-Id` is the message's id, so JetStream drops a
repeat within the stream's duplicate window (two minutes by default). A replayed message has its replay's name in there too.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from ..address import Address
from ..message import Message
from .base import DEADLINE_SECONDS, Acknowledged, BrokerAway, Outcome, Refused, Unclear
from .event_loop import EventLoop
from .nats_connection import ConnectionLost, NatsConnection, NoResponders, NotPermitted
from .nats_errors import MESSAGE_TOO_LARGE, jetstream_words, no_stream

# Tokens of printable characters without wildcards, separated by dots; `$` begins NATS's own subjects.
_SUBJECT = re.compile(r"(?!\$)[^\s.*>\x00-\x1f\x7f]+(\.[^\s.*>\x00-\x1f\x7f]+)*")
MAX_SUBJECT_BYTES = 1024
# The binding wants all others percent-encoded: blanks, quotes, % and what is not ASCII.
_UNENCODED = "!#$&'()*+,/:;<=>?@[\\]^`{|}"
_PLAIN = re.compile(r"[A-Za-z0-9_.:/+-]*")
# Whether `quote` would change anything; it takes longer than the rest of a message.
_ENCODED = re.compile(r'[^\x21-\x7e]|["%]')
_REQUEST_SECONDS = 3.0


class _Away(Exception):
    """JetStream did not take the message, and will take it later. The message has the words."""


class NatsSender:
    """Sends to JetStream. nats-py is asyncio only, so it runs in one loop in a thread of this sender."""

    takes_whole_pages = False
    is_structured = False

    def __init__(self, address: Address, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._address, self._seconds = address, deadline_seconds
        self._template = address.options["subject"]
        self._loop = EventLoop("relay-nats")
        self._connection: NatsConnection | None = None
        # The streams that have the destination's subjects; None when the user may not read them.
        self._streams: list[str] | None = None

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return self._loop.run(self._send(messages))

    def check(self) -> str:
        return self._loop.run(self._check())

    def close(self) -> None:
        self._loop.run(self._disconnect())
        self._loop.close()

    async def _send(self, messages: Sequence[Message]) -> list[Outcome]:
        connection = await self._connected()
        results: list[Any] = [None] * len(messages)
        wave = asyncio.ensure_future(self._wave(connection, messages, results))
        # Not a timeout: nats-py may ignore its cancellation.
        await asyncio.wait({wave}, timeout=self._seconds)
        if wave.done():
            wave.result()
        else:
            # The connection may be dead without a sign, and a late acknowledgement belongs to no wave.
            wave.cancel()
            for result in results:
                if isinstance(result, asyncio.Future):
                    result.cancel()
            await self._disconnect()
        return await self._outcomes(messages, results)

    async def _wave(self, connection: NatsConnection, messages: Sequence[Message], results: list[Any]) -> None:
        for index, message in enumerate(messages):
            results[index] = await self._publish(connection, message)
        # One after the other, which costs nothing for those that are done; `gather` adds a callback to each.
        for result in results:
            if isinstance(result, asyncio.Future) and not result.done():
                await asyncio.wait({result})

    async def _publish(self, connection: NatsConnection, message: Message) -> Any:
        """A future of the acknowledgement, or an outcome without sending."""
        subject, headers = message.fill(self._template), _headers(message)
        if not _SUBJECT.fullmatch(subject) or len(subject.encode()) > MAX_SUBJECT_BYTES:
            return Refused(f"{subject[:200]!r} is not a valid subject; correct the subject in the address")
        size, limit = _size(headers, message.data), connection.client.max_payload
        if size > limit:
            # The server would close the connection.
            return Refused(f"the message has {size} bytes with its headers; this server accepts {limit} (max_payload)")
        from nats.errors import Error

        try:
            return await connection.publish(subject, message.data, headers)
        except (Error, OSError):
            return Unclear(f"{self._address.place}: the connection to NATS was lost before the message was sent")

    async def _outcomes(self, messages: Sequence[Message], results: Sequence[Any]) -> list[Outcome]:
        outcomes: list[Outcome | _Away] = [
            await self._outcome(message.fill(self._template), result)
            for message, result in zip(messages, results, strict=True)
        ]
        away = [outcome for outcome in outcomes if isinstance(outcome, _Away)]
        if away and not any(isinstance(outcome, Acknowledged | Unclear) for outcome in outcomes):
            raise BrokerAway(str(away[0]))
        return [Unclear(str(outcome)) if isinstance(outcome, _Away) else outcome for outcome in outcomes]

    async def _outcome(self, subject: str, result: Any) -> Outcome | _Away:
        place = self._address.place
        if isinstance(result, Refused | Unclear):
            return result
        if result is None or not result.done() or result.cancelled():
            return Unclear(
                f"{place}: NATS did not acknowledge within {self._seconds:g} s; check the server and the network"
            )
        error = result.exception()
        if isinstance(error, ConnectionLost):
            return Unclear(f"{place}: the connection to NATS was lost before the acknowledgement ({error})")
        if isinstance(error, NotPermitted):
            return _Away(f"{place}: {error}; grant it to the user")
        if isinstance(error, NoResponders):
            return await self._without_stream(subject)
        answer = result.result()
        if "error" not in answer:
            return Acknowledged(f"stream {answer['stream']}, sequence {answer['seq']}")
        words = jetstream_words(answer["error"], subject, place)
        return Refused(words) if answer["error"].get("err_code") == MESSAGE_TOO_LARGE else _Away(words)

    async def _without_stream(self, subject: str) -> Outcome | _Away:
        """Without any stream the destination waits. A subject that its streams leave out is a dead letter: others go on."""
        try:
            names = ", ".join(await self._find_streams(self._pattern) or [])
            is_left_out = await self._find_streams(subject) == []
        except BrokerAway as away:
            return _Away(str(away))
        if not names:
            return _Away(no_stream(self._pattern, self._address.place))
        if is_left_out:
            return Refused(
                f"no stream has the subject {subject!r}; add it to the subjects of a stream, such as {names}"
            )
        return _Away(f"{self._address.place}: the stream of {subject!r} does not answer; wait until it has a leader")

    async def _connected(self) -> NatsConnection:
        if self._connection is not None and self._connection.is_open:
            return self._connection
        await self._disconnect()
        connection = NatsConnection(self._address)
        await connection.open(self._seconds)
        self._connection = connection
        self._streams = await self._find_streams(self._pattern)
        if self._streams == []:
            # A plain subscriber would get the messages, and no stream would keep them.
            await self._disconnect()
            raise BrokerAway(no_stream(self._pattern, self._address.place))
        return connection

    async def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()

    async def _find_streams(self, subject: str) -> list[str] | None:
        """The names of the streams whose subjects overlap with `subject`; None when the user may not ask."""
        answer = await self._request("STREAM.NAMES", json.dumps({"subject": subject}))
        if answer is None or "error" in answer:
            return None
        return list(answer.get("streams") or [])

    async def _request(self, name: str, body: str = "") -> dict[str, Any] | None:
        """JetStream's answer to a request; None without an answer. Raises BrokerAway when JetStream is off."""
        from nats.errors import Error, NoRespondersError

        if self._connection is None:
            return None
        try:
            answer = await self._connection.client.request(f"$JS.API.{name}", body.encode(), timeout=_REQUEST_SECONDS)
        except NoRespondersError:
            raise BrokerAway(f"{self._address.place}: JetStream is off; start the server with -js") from None
        except (Error, OSError, TimeoutError):
            return None
        return dict(json.loads(answer.data))

    @property
    def _pattern(self) -> str:
        return ".".join("*" if "{" in token else token for token in self._template.split("."))

    async def _check(self) -> str:
        connection = await self._connected()
        if self._streams is None:
            return f"NATS {connection.version}, subject {self._template}; the user may not read the streams"
        described = [await self._describe(name) for name in self._streams]
        return f"NATS {connection.version}, {', '.join(described)}"

    async def _describe(self, name: str) -> str:
        config = (await self._request(f"STREAM.INFO.{name}") or {}).get("config", {})
        window = config.get("duplicate_window")
        return f"stream {name}" + (f" (drops repeats within {window / 1e9:g} s)" if window else "")


def _headers(message: Message) -> dict[str, str]:
    headers = {f"ce-{name}": value for name, value in message.attributes.items()}
    if _ENCODED.search("".join(headers.values())):
        headers = {name: quote(value, safe=_UNENCODED) for name, value in headers.items()}
    headers["content-type"] = message.attributes["datacontenttype"]
    del headers["ce-datacontenttype"]
    headers["Nats-Msg-Id"] = message.id if message.replay is None else f"{message.id}/{quote(message.replay)}"
    return headers


def _size(headers: dict[str, str], payload: bytes) -> int:
    # "NATS/1.0", each header with ": " and a line end, and an empty line.
    return 12 + sum(len(name) + len(value) + 4 for name, value in headers.items()) + len(payload)
