"""A connection to a checked address, with TLS for the name, under a deadline."""

from __future__ import annotations

import functools
import socket
import ssl
from collections.abc import Sequence

from ..language import N_
from ..language import gettext as _
from .addresses import Endpoint
from .errors import CannotConnect, TlsError
from .urls import Target
from .watchdog import Deadline

# Of a host with many addresses. Each gets an equal part of the time that is left.
MAX_TRIED = 4
# The watchdog ends a socket at the deadline; its own timeout is a second net.
GRACE_SECONDS = 1.0

_VERIFY_REASONS = {
    10: N_("it has expired"),
    18: N_("it is self-signed"),
    19: N_("it is signed by an authority that this server does not trust"),
    20: N_(
        "it is signed by an authority that this server does not trust, or the endpoint sends no intermediate certificate"
    ),
    62: N_("it is for another name"),
    64: N_("it is for another address"),
}


@functools.cache
def default_tls() -> ssl.SSLContext:
    """The context for all requests, with the system's authorities, or those of SSL_CERT_FILE. Made once: it takes 20 ms."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def connect(endpoints: Sequence[Endpoint], target: Target, deadline: Deadline) -> tuple[socket.socket, Endpoint]:
    """A socket that the deadline guards, to the first address that accepts it. Raises CannotConnect, or TimeoutError."""
    tried = endpoints[:MAX_TRIED]
    last: OSError | None = None
    for left, endpoint in zip(range(len(tried), 0, -1), tried, strict=True):
        # At the last address the deadline ends the wait.
        seconds = deadline.remaining / left + (GRACE_SECONDS if left == 1 else 0.001)
        try:
            sock = _open(endpoint, target.port, seconds, deadline)
        except OSError as error:
            if deadline.has_passed:
                raise TimeoutError from error
            last = error
            continue
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(deadline.remaining + GRACE_SECONDS)
        return sock, endpoint
    raise CannotConnect(
        _("Could not connect to %(place)s: %(reason)s.", place=target.place, reason=_connect_reason(last))
    ) from last


def start_tls(sock: socket.socket, target: Target, deadline: Deadline, context: ssl.SSLContext) -> ssl.SSLSocket:
    """The same connection in TLS, with a certificate that is valid for the URL's host.

    Raises TlsError, or TimeoutError; the connection is closed then.
    """
    secured = None
    try:
        secured = context.wrap_socket(sock, server_hostname=target.host, do_handshake_on_connect=False)
        deadline.guard(secured)
        secured.do_handshake()
    except (OSError, ValueError) as error:
        deadline.guard(None)
        (secured or sock).close()
        if deadline.has_passed or isinstance(error, TimeoutError):
            raise TimeoutError from error
        raise TlsError(_tls_reason(target, error)) from error
    return secured


def _open(endpoint: Endpoint, port: int, seconds: float, deadline: Deadline) -> socket.socket:
    sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
    try:
        deadline.guard(sock)
        sock.settimeout(seconds)
        sock.connect((endpoint.address, port))
    except BaseException:
        deadline.guard(None)
        sock.close()
        raise
    return sock


def _connect_reason(error: OSError | None) -> str:
    if isinstance(error, ConnectionRefusedError):
        return _("the connection was refused")
    if isinstance(error, TimeoutError):
        return _("there was no response")
    if isinstance(error, ConnectionError):
        return _("the connection was closed")
    return _("the network has no route to it")


def _tls_reason(target: Target, error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = _(_VERIFY_REASONS.get(error.verify_code, N_("it cannot be verified")))
        return _("The certificate of %(place)s is not valid: %(reason)s.", place=target.place, reason=reason)
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return _(
            "%(place)s did not answer in TLS, or has no protocol version and cipher that this server accepts.",
            place=target.place,
        )
    return _("%(place)s closed the connection while TLS was being set up.", place=target.place)
