"""NatsConnection: a connection to NATS whose published messages are acknowledged by futures that always end.

nats-py's own `publish_async` is not used: its futures end neither when the server dies nor when JetStream answers with an error
(both measured with 2.16.0). Here acknowledgements arrive at an inbox; a lost connection ends all futures, and a refused
permission ends those of its subject. Nothing reconnects by itself: the sender makes a new connection.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import ssl
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from ..address import Address
from .base import BrokerAway, ClientMissing
from .nats_credentials import Credentials
from .nats_errors import connect_words, reason

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

_INSTALL = "pip install -r requirements/relay.txt"
CLOSE_SECONDS = 2.0
# The answer that NATS itself gives when neither a stream nor another subscriber has the subject.
_NO_RESPONDERS = "503"


class ConnectionLost(Exception):
    """The connection ended before the acknowledgement. The message is the reason."""


class NotPermitted(Exception):
    """The user may not publish to the subject."""


class NoResponders(Exception):
    """No stream has the subject."""


class _Tls(ssl.SSLContext):
    """A verifying context that records its use: nats-py goes on in clear text when a server offers no TLS."""

    is_used = False

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        self.is_used = True
        return super().wrap_bio(*arguments, **options)


class NatsConnection:
    """Used in one event loop only."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._tls: _Tls | None = None
        self._pending: dict[str, tuple[str, asyncio.Future[dict[str, Any]]]] = {}
        self._numbers = itertools.count(1)
        self._error: BaseException | None = None
        self._inbox = ""

    async def open(self, seconds: float) -> None:
        """Connect and subscribe to the inbox of the acknowledgements. Raises BrokerAway, ClientMissing."""
        place = self._address.place
        try:
            from nats.aio.client import Client
            from nats.errors import Error
        except ImportError:
            raise ClientMissing(f"the client of NATS is not installed; {_INSTALL}") from None
        options = self._options(seconds)
        self.client: Client = Client()
        try:
            async with asyncio.timeout(seconds):
                await self.client.connect(**options)
                # Another host of the address may have refused before this one accepted.
                self._error = None
                self._require_tls()
                self._inbox = self.client.new_inbox()
                await self.client.subscribe(f"{self._inbox}.*", cb=self._acknowledge)
                # The first PING may overtake the subscription; the second answer then comes after a refusal of it.
                await self.client.flush()
                await self.client.flush()
        except (OSError, Error, TimeoutError, ValueError) as error:
            await self.close()
            # The error of `connect` after several tries is "no servers available"; the last one before has the reason.
            raise BrokerAway(connect_words(self._error or error, place)) from None
        except BrokerAway:
            await self.close()
            raise
        if self._error is not None:
            await self.close()
            raise BrokerAway(f"{place}: the user may not subscribe to its inbox; grant it the subjects _INBOX.>")

    @property
    def is_open(self) -> bool:
        return self.client.is_connected

    @property
    def version(self) -> str:
        version = self.client.connected_server_version
        return f"{version.major}.{version.minor}.{version.patch}"

    async def publish(self, subject: str, payload: bytes, headers: dict[str, str]) -> asyncio.Future[dict[str, Any]]:
        """A future of the acknowledgement as JetStream wrote it, with `stream` and `seq` or with `error`.

        The future raises ConnectionLost, NotPermitted or NoResponders. Raises nats-py's errors when the connection is closed.
        """
        token, future = str(next(self._numbers)), asyncio.get_running_loop().create_future()
        self._pending[token] = (subject, future)
        future.add_done_callback(partial(self._forget, token))
        await self.client.publish(subject, payload, f"{self._inbox}.{token}", headers)
        return future

    async def close(self) -> None:
        """Close at once; what is not acknowledged is lost."""
        closing = asyncio.ensure_future(self.client.close())
        # Not a timeout, because nats-py ignores its cancellation while it waits for a server that reads nothing.
        await asyncio.wait({closing}, timeout=CLOSE_SECONDS)
        if closing.done() and not closing.cancelled():
            closing.exception()
        self._end(lambda _: True, ConnectionLost("the connection was closed"))

    def _forget(self, token: str, done: asyncio.Future[dict[str, Any]]) -> None:
        self._pending.pop(token, None)
        # After a loss an exception that is not fetched would be logged.
        _ = done.cancelled() or done.exception()

    async def _acknowledge(self, message: Msg) -> None:
        _, future = self._pending.get(message.subject.rpartition(".")[2], ("", None))
        if future is None or future.done():
            return
        if message.headers and message.headers.get("Status") == _NO_RESPONDERS:
            future.set_exception(NoResponders())
            return
        try:
            answer = orjson.loads(message.data)
        except ValueError:
            return
        # Other answers are those of a subscriber that replies to the event; JetStream's own follows.
        if isinstance(answer, dict) and ("error" in answer or ("stream" in answer and "seq" in answer)):
            future.set_result(answer)

    async def _on_error(self, error: Exception) -> None:
        self._error = error
        text = str(error)
        if "permissions violation for publish" in text:
            self._end(lambda subject: f'"{subject}"' in text, NotPermitted(reason(error)))

    async def _on_closed(self) -> None:
        lost = self.client.last_error
        self._end(lambda _: True, ConnectionLost(reason(lost) if lost else "it was closed"))

    def _end(self, concerns: Callable[[str], bool], error: Exception) -> None:
        for subject, future in list(self._pending.values()):
            if concerns(subject) and not future.done():
                future.set_exception(error)

    def _options(self, seconds: float) -> dict[str, Any]:
        address = self._address
        if address.tls:
            self._tls = self._context()
        options: dict[str, Any] = {
            "servers": [f"nats://{f'[{host}]' if ':' in host else host}:{port}" for host, port in address.hosts],
            "name": "doorbell-relay",
            "tls": self._tls,
            "allow_reconnect": False,
            "max_reconnect_attempts": 1,
            "reconnect_time_wait": 0.1,
            "connect_timeout": seconds / 2,
            "error_cb": self._on_error,
            "closed_cb": self._on_closed,
        }
        if address.options["creds_file"]:
            credentials = Credentials(self._readable("creds_file"))
            return options | {"user_jwt_cb": credentials.jwt, "signature_cb": credentials.sign}
        # Functions, because nats-py calls them after TLS has begun, or has not.
        if address.username and not address.password:
            return options | {"token": lambda: self._secret(address.username)}
        if address.username:
            return options | {"user": lambda: self._secret(address.username), "password": lambda: address.password}
        return options

    def _context(self) -> _Tls:
        context, options = _Tls(ssl.PROTOCOL_TLS_CLIENT), self._address.options
        if options["ca_file"]:
            context.load_verify_locations(self._readable("ca_file"))
        else:
            context.load_default_certs()
        if options["cert_file"]:
            context.load_cert_chain(self._readable("cert_file"), self._readable("key_file") or None)
        return context

    def _readable(self, option: str) -> str:
        path = self._address.options[option]
        if path and not os.access(path, os.R_OK):
            raise BrokerAway(
                f"{self._address.place}: {option} names {path!r}, a file that the relay worker cannot read"
            )
        return path

    def _secret(self, secret: str) -> str:
        self._require_tls()
        return secret

    def _require_tls(self) -> None:
        if self._tls is not None and not self._tls.is_used:
            raise BrokerAway(
                f"{self._address.place}: the server offers no TLS, so nothing was sent; switch TLS on there, or write nats://"
            )
