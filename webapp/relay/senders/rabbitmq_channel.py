"""ConfirmChannel: one connection to RabbitMQ with one channel in confirm mode.

py-amqp waits without a limit unless its socket has a timeout, so each step here has one. Heartbeats are off, because nothing
would send them between two waves; the kernel's keepalive finds a dead peer, and a deadline one that is stopped.
"""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import ssl
import time
from typing import Any

from ..address import Address
from ..message import Message
from .base import DEADLINE_SECONDS, BrokerAway, ClientMissing
from .rabbitmq_words import connect_words, virtual_host

# For each step of connecting: TCP, TLS and the answers of the server.
CONNECT_SECONDS = 5.0
# For bytes that have already arrived; TLS may find no data in them.
_GLANCE_SECONDS = 0.01
_CLOSE_SECONDS = 1.0
# py-amqp's own is 1 s, which ends a connection to a server that pauses.
_SOCKET_OPTIONS = {socket.TCP_USER_TIMEOUT: int(DEADLINE_SECONDS * 1000)} if hasattr(socket, "TCP_USER_TIMEOUT") else {}


def client() -> Any:
    """The module amqp. Raises ClientMissing."""
    try:
        import amqp
    except ImportError as error:
        raise ClientMissing(
            "py-amqp, the client of RabbitMQ, is not installed. Run: pip install -r requirements/relay.txt"
        ) from error
    return amqp


class ConfirmChannel:
    """Publishes, and collects what the broker answers. `errors` are those of each method; after one, `close` and connect again.

    `confirmed` is true for a message that the broker has, false for one that it rejected (basic.nack), by CloudEvents id;
    `returned` has the reason of each message that no queue took. Both are of the wave since `begin`.
    """

    def __init__(self, address: Address) -> None:
        """Connects. Raises BrokerAway, ClientMissing."""
        amqp = client()
        self._new_content, self._publish_method = amqp.Message, amqp.spec.Basic.Publish
        self.errors: tuple[type[Exception], ...] = (OSError, amqp.AMQPError)
        self.is_blocked = False
        # A write that failed may have left a part of a frame.
        self.is_torn = False
        self.begin()
        self._last_tag = 0
        try:
            self._connection = amqp.Connection(**_settings(address), on_blocked=self._block, on_unblocked=self._unblock)
            self._connection.connect()
            self._set_timeout(CONNECT_SECONDS)
            self._channel = self._connection.channel()
            self._channel.confirm_select()
        except self.errors as error:
            with contextlib.suppress(*self.errors):
                self._connection.collect()
            raise BrokerAway(connect_words(error, address, CONNECT_SECONDS)) from error
        self._channel.events["basic_ack"].add(self._ack)
        self._channel.events["basic_nack"].add(self._nack)
        self._channel.events["basic_return"].add(self._return)
        self._poll = select.poll()
        self._poll.register(self._connection.sock, select.POLLIN)
        self._exchanges: set[str] = set()

    @property
    def server(self) -> str:
        """Such as "RabbitMQ 3.10.8"."""
        properties = self._connection.server_properties
        return f"{properties.get('product', 'AMQP server')} {properties.get('version', '')}".strip()

    def begin(self) -> None:
        """Forget an earlier wave; its late confirmations are ignored."""
        self.confirmed: dict[str, bool] = {}
        self.returned: dict[str, str] = {}
        # The id by delivery tag, in rising order.
        self.unconfirmed: dict[int, str] = {}

    def has_exchange(self, name: str) -> bool:
        """Whether the exchange exists; asked once per connection, on another channel because the server closes it if not."""
        if name not in self._exchanges:
            self._set_timeout(CONNECT_SECONDS)
            channel = self._connection.channel()
            try:
                channel.exchange_declare(name, "topic", passive=True)
            except client().NotFound:
                # py-amqp has opened the channel again.
                channel.close()
                return False
            channel.close()
            self._exchanges.add(name)
        return True

    def publish(self, message: Message, exchange: str, routing_key: str, deadline: float) -> None:
        """Write one message; raises TimeoutError at the deadline, a monotonic time.

        basic_publish of py-amqp is not used, because its read without a timeout never ends in the middle of a frame.
        """
        # Unread answers would fill the buffers until neither side can write.
        self.serve_arrived()
        self._set_timeout(_until(deadline))
        content = self._new_content(message.data, **_properties(message))
        # Before the write, because a part of it may be enough for the broker.
        self._last_tag += 1
        self.unconfirmed[self._last_tag] = message.id
        self._channel.send_method(self._publish_method, "Bssbb", (0, exchange, routing_key, True, False), content)

    def serve_arrived(self) -> None:
        """Take in what has arrived, without waiting."""
        while self._connection.connected and self._poll.poll(0):
            try:
                self._connection.drain_events(timeout=_GLANCE_SECONDS)
            except TimeoutError as error:
                if error.errno is not None:
                    raise
                return

    def wait(self, deadline: float) -> None:
        """Take in answers until every message is confirmed; raises TimeoutError at the deadline."""
        while self.unconfirmed:
            self._connection.drain_events(timeout=_until(deadline))

    def close(self) -> None:
        with contextlib.suppress(*self.errors):
            self._set_timeout(_CLOSE_SECONDS)
            self._connection.close()
        with contextlib.suppress(*self.errors):
            self._connection.collect()

    def drop(self) -> None:
        """Disconnect without a farewell, because the server may not answer."""
        with contextlib.suppress(*self.errors):
            self._set_timeout(_GLANCE_SECONDS)
        with contextlib.suppress(*self.errors):
            self._connection.collect()

    def _set_timeout(self, seconds: float) -> None:
        if not self._connection.connected:
            raise ConnectionResetError("the connection is closed")
        self._connection.sock.settimeout(seconds)

    def _ack(self, tag: int, multiple: bool) -> None:
        self._settle(tag, multiple, True)

    def _nack(self, tag: int, multiple: bool) -> None:
        self._settle(tag, multiple, False)

    def _settle(self, tag: int, multiple: bool, has_it: bool) -> None:
        # 0 is every message so far; the tags are in rising order.
        tags = list(itertools.takewhile(lambda each: not tag or each <= tag, self.unconfirmed)) if multiple else [tag]
        for each in tags:
            message_id = self.unconfirmed.pop(each, None)
            if message_id is not None:
                self.confirmed[message_id] = has_it

    def _return(self, error: Any, exchange: str, routing_key: str, message: Any) -> None:
        self.returned[message.properties.get("message_id", "")] = str(error.reply_text)

    def _block(self, _reason: str) -> None:
        self.is_blocked = True

    def _unblock(self) -> None:
        self.is_blocked = False


def _settings(address: Address) -> dict[str, Any]:
    [(host, port)] = address.hosts
    options = address.options
    external = bool(options["cert_file"]) and not address.username
    return {
        "host": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "userid": address.username or "guest",
        "password": address.password or ("" if address.username else "guest"),
        "login_method": "EXTERNAL" if external else "PLAIN",
        "virtual_host": virtual_host(address),
        "connect_timeout": CONNECT_SECONDS,
        "socket_settings": _SOCKET_OPTIONS,
        "client_properties": {"connection_name": "Doorbell relay"},
        "ssl": address.tls
        and {
            "server_hostname": host,
            "cert_reqs": ssl.CERT_REQUIRED,
            "tls_minimum_version": ssl.TLSVersion.TLSv1_2,
            "ca_certs": options["ca_file"] or None,
            "certfile": options["cert_file"] or None,
            "keyfile": options["key_file"] or None,
        },
    }


def _properties(message: Message) -> dict[str, Any]:
    attributes = dict(message.attributes)
    return {
        "content_type": attributes.pop("datacontenttype"),
        "delivery_mode": 2,  # persistent
        "message_id": message.id,
        "type": message.attributes["type"],
        "timestamp": int(message.event.occurred_at.timestamp()),
        "app_id": "doorbell",
        "application_headers": {f"cloudEvents:{name}": value for name, value in attributes.items()},
    }


def _until(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds
