"""Requests without a usable answer. The text of each error is a sentence for a page or a log.

The texts name the host and the port at most: the rest of a URL may be a secret. None shows an address that a name has,
because that would list the names of an internal network to a tenant.
"""

from __future__ import annotations

from typing import ClassVar


class PostError(Exception):
    """A webhook that got no usable answer. `kind` is a short name of the fault, for tables and labels."""

    kind: ClassVar[str]


class RefusedAddress(PostError):
    """A URL, or an address of its host, that webhooks may not reach."""

    kind = "refused"


class CannotResolve(PostError):
    """The host has no address."""

    kind = "unresolved"


class CannotConnect(PostError):
    """No address of the host accepts a connection."""

    kind = "unreachable"


class TlsError(PostError):
    """The host has no valid certificate, or does not use TLS."""

    kind = "tls"


class DeadlineExceeded(PostError):
    """The answer was not complete in time."""

    kind = "deadline"


class MalformedAnswer(PostError):
    """The connection was closed before an answer, or the answer is not HTTP."""

    kind = "malformed"
