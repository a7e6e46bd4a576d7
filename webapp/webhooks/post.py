"""One request, such as the POST of a webhook: a checked address, a deadline for everything, and an answer of bounded size.

It works in plain threads, many at once, and opens one connection per request.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping, Sequence

from ..config.webhook_allow import Network
from ..language import gettext as _
from . import addresses, connection, timed_lookup
from .answer import Answer
from .errors import DeadlineExceeded
from .exchange import Outgoing, check_headers, exchange
from .urls import Target, parse_url
from .watchdog import Deadline, Watchdog

DEADLINE_SECONDS = 15.0
_watchdog = Watchdog()


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    deadline_seconds: float = DEADLINE_SECONDS,
    allow: Sequence[Network] = (),
    *,
    resolve: addresses.Resolve = addresses.lookup,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Send a POST and return its answer, of any status; redirects are not followed.

    `allow` is Config.webhook_allow. `resolve` and `tls` are for tests and for private authorities. Raises PostError
    (errors.py), and ValueError for headers that cannot be sent.
    """
    return send(url, Outgoing("POST", body, headers), deadline_seconds, allow, resolve=resolve, tls=tls)


def send(
    url: str,
    outgoing: Outgoing,
    deadline_seconds: float,
    allow: Sequence[Network],
    *,
    resolve: addresses.Resolve = addresses.lookup,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Send a request of any method as `post` does, which describes the arguments and the errors."""
    began = time.monotonic()
    check_headers(outgoing.headers)
    target = parse_url(url)
    with _watchdog.deadline(deadline_seconds) as deadline:
        try:
            sock, endpoint = _connected(target, allow, resolve, tls, deadline)
        except TimeoutError as error:
            seconds = f"{deadline_seconds:g}"
            raise DeadlineExceeded(
                _("%(place)s was not connected within %(count)s seconds.", place=target.place, count=seconds)
            ) from error
        try:
            received = exchange(sock, target, outgoing, deadline)
        finally:
            deadline.end()
            sock.close()
    milliseconds = round((time.monotonic() - began) * 1000)
    return Answer(*received, milliseconds, endpoint.address)


def _connected(
    target: Target,
    allow: Sequence[Network],
    resolve: addresses.Resolve,
    tls: ssl.SSLContext | None,
    deadline: Deadline,
) -> tuple[socket.socket, addresses.Endpoint]:
    def resolve_in_time(host: str, port: int) -> Sequence[str]:
        return timed_lookup.lookup_within(deadline.remaining, host, port, resolve)

    checked = addresses.endpoints(target, allow, resolve_in_time)
    sock, endpoint = connection.connect(checked, target, deadline)
    if target.is_tls:
        sock = connection.start_tls(sock, target, deadline, tls or connection.default_tls())
    return sock, endpoint
