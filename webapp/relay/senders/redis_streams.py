"""RedisStreamsSender: each page is one MULTI, so that a Redis without memory writes all of it or nothing.

An entry has the fields `event` (structured CloudEvents), `id`, `type`, `key`, and `replay` for a replayed message; redis_ids.py
describes its id. The streams are watched while their newest ids are read and compared with the page's. So another writer cannot
make Redis refuse the first half of a page and accept the second. Reading, acknowledging and claiming by consumers does not
disturb the watch; XDEL and XTRIM do, and then the page is sent without it.

redis-py repeats nothing by itself here: a page whose answer is lost is Unclear, and is compared when it is sent again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.retry import Retry

from ... import redis_client
from ..address import Address
from ..message import Message
from . import redis_ids
from .base import DEADLINE_SECONDS, Acknowledged, BrokerAway, Outcome, Refused, Unclear
from .redis_errors import words
from .redis_ids import EntryId
from .redis_page import Identity, Placed, Plan, Position, identity, plan, to_compare
from .redis_transaction import AnswerLost, Changed, WatchedTransaction

# Tries of a page while other writers add to its streams.
MAX_TRIES = 10
# A field with more bytes is not accepted: Redis's default of proto-max-bulk-len, which CONFIG may be forbidden to read.
MAX_BYTES = 512 * 1024 * 1024
_NO_ENTRY: EntryId = (0, 0)


class RedisStreamsSender:
    """Sends to one stream, or to one per tenant or type when the name has a placeholder."""

    takes_whole_pages = True
    is_structured = True

    def __init__(self, address: Address, own_redis_url: str) -> None:
        self._address, self._own_redis_url = address, own_redis_url
        self._client: redis.Redis | None = None
        maxlen = address.options["maxlen"]
        self._limit = ("MAXLEN", "~", maxlen) if maxlen else ()
        self._max_bytes = MAX_BYTES
        # The ids of replayed messages whose answer is missing. Lost with the process; then a replay may be there twice.
        self._unclear_replays: dict[Identity, EntryId] = {}

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        """One outcome per message. An order's messages after a refused one are not sent, and are refused too."""
        with self._away_on_error():
            self._connect()
            if max((len(message.structured) for message in messages), default=0) <= self._max_bytes:
                return self._send([self._place(message) for message in messages])
            outcomes: list[Outcome | None] = list(self._refusals(messages))
            sent = [index for index, outcome in enumerate(outcomes) if outcome is None]
            for index, outcome in zip(sent, self._send([self._place(messages[index]) for index in sent]), strict=True):
                outcomes[index] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def check(self) -> str:
        from .redis_check import describe

        with self._away_on_error():
            return describe(self._connect(), self._address)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _refusals(self, messages: Sequence[Message]) -> Iterator[Refused | None]:
        refused: dict[str, str] = {}
        for message in messages:
            size = len(message.structured)
            if message.key in refused:
                yield Refused(f"not sent, because event {refused[message.key]} of the same order was refused")
            elif size > self._max_bytes:
                refused[message.key] = message.id
                yield Refused(f"the event has {size} bytes; this Redis accepts {self._max_bytes} (proto-max-bulk-len)")
            else:
                yield None

    def _place(self, message: Message) -> Placed:
        stream = message.fill(self._address.options["stream"])
        if message.replay is None:
            return Placed(message, stream, redis_ids.of(message))
        return Placed(message, stream, self._unclear_replays.get(identity(message)))

    def _send(self, page: Sequence[Placed]) -> list[Outcome]:
        if not page:
            return []
        deadline = time.monotonic() + DEADLINE_SECONDS - redis_client.TIMEOUT_SECONDS
        streams, last_tops = sorted({placed.stream for placed in page}), None
        for _ in range(MAX_TRIES):
            with WatchedTransaction(self._connect(), streams) as transaction:
                tops = self._tops(streams)
                made = plan(page, tops, self._entries(to_compare(page, tops)))
                if tops == last_tops:
                    # Not another writer: a consumer deletes entries, and may do so all the time.
                    transaction.unwatch()
                if time.monotonic() > deadline:
                    raise BrokerAway(f"{self._address.place}: Redis answers too slowly; check its load and the network")
                try:
                    return self._write(transaction, page, made)
                except Changed:
                    last_tops = tops
        raise BrokerAway(
            f"{self._address.place}: other writers added to {', '.join(streams)} during each of {MAX_TRIES} tries; "
            "give each destination a stream of its own"
        )

    def _write(self, transaction: WatchedTransaction, page: Sequence[Placed], made: Plan) -> list[Outcome]:
        positions = [redis_ids.text(entry) for entry in made.writes.values()]
        written = (page[index] for index in made.writes)
        commands = [self._command(*placed, position) for placed, position in zip(written, positions, strict=True)]
        try:
            answers = transaction.execute(commands) if commands else []
        except AnswerLost as lost:
            replays = {
                identity(page[index].message): entry
                for index, entry in made.writes.items()
                if page[index].message.replay
            }
            self._unclear_replays = replays or self._unclear_replays
            unclear = Unclear(words(lost.error, self._address.place))
            outcomes: dict[int, Outcome] = dict.fromkeys(made.writes, unclear)
        else:
            for placed in page if self._unclear_replays else ():
                self._unclear_replays.pop(identity(placed.message), None)
            outcomes = dict(zip(made.writes, map(self._outcome, positions, answers), strict=True))
        outcomes.update({index: Acknowledged(redis_ids.text(entry)) for index, entry in made.present.items()})
        return [outcomes[index] for index in range(len(page))]

    def _outcome(self, position: str, answer: Any) -> Outcome:
        if isinstance(answer, Exception):
            return Unclear(words(answer, self._address.place))
        return Acknowledged(position)

    def _command(self, message: Message, stream: str, _entry: object, position: str) -> tuple[str | bytes, ...]:
        fields = ("event", message.structured, "id", message.id, "type", message.event.type, "key", message.key)
        replay = () if message.replay is None else ("replay", message.replay)
        return ("XADD", stream, *self._limit, position, *fields, *replay)

    def _tops(self, streams: Sequence[str]) -> dict[str, EntryId]:
        with self._connect().pipeline(transaction=False) as reads:
            for stream in streams:
                reads.xinfo_stream(stream)
            infos = self._answers(reads)
        # Not the id of the newest entry, which may be deleted: Redis compares with the last id that it has had.
        return {
            stream: redis_ids.parse(info["last-generated-id"]) if info else _NO_ENTRY
            for stream, info in zip(streams, infos, strict=True)
        }

    def _entries(self, positions: Sequence[Position]) -> Mapping[Position, Identity]:
        with self._connect().pipeline(transaction=False) as reads:
            for stream, entry in positions:
                reads.xrange(stream, redis_ids.text(entry), redis_ids.text(entry))
            answers = self._answers(reads)
        return {
            position: (fields.get(b"id", b"").decode(), fields.get(b"replay", b"").decode())
            for position, entries in zip(positions, answers, strict=True)
            for _, fields in entries
        }

    def _answers(self, reads: Pipeline) -> list[Any]:
        """The answers; None where the key does not exist. On a connection of its own, beside the one that watches."""
        answers = reads.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, Exception) and "no such key" not in str(answer):
                raise answer
        return [None if isinstance(answer, Exception) else answer for answer in answers]

    def _connect(self) -> redis.Redis:
        if self._client is None:
            client = self._new_client()
            self._max_bytes = _max_bytes(client)
            self._client = client
        return self._client

    def _new_client(self) -> redis.Redis:
        address, no_repeats = self._address, Retry(NoBackoff(), 0)
        if not address.hosts:
            return redis_client.connect(self._own_redis_url, retry=no_repeats)
        (host, port), options = address.hosts[0], address.options
        files = {"ssl_ca_certs": "ca_file", "ssl_certfile": "cert_file", "ssl_keyfile": "key_file"}
        tls: dict[str, Any] = (
            {name: options[file] for name, file in files.items() if options[file]} if address.tls else {}
        )
        return redis.Redis(
            host,
            port,
            int(address.path.strip("/") or 0),
            username=address.username or None,
            password=address.password or None,
            ssl=address.tls,
            socket_timeout=redis_client.TIMEOUT_SECONDS,
            socket_connect_timeout=redis_client.TIMEOUT_SECONDS,
            retry=no_repeats,
            **tls,
        )

    @contextmanager
    def _away_on_error(self) -> Iterator[None]:
        try:
            yield
        except (redis.RedisError, OSError) as error:
            raise BrokerAway(words(error, self._address.place)) from None


def _max_bytes(client: redis.Redis) -> int:
    try:
        answer: Any = client.config_get("proto-max-bulk-len")
    except redis.ResponseError:
        # Hosted servers and ACLs refuse CONFIG.
        return MAX_BYTES
    return int(answer.get("proto-max-bulk-len") or MAX_BYTES)
