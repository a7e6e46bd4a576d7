"""Errors of NATS and its client in words for an operator. None of them has a password, a token or a part of a message."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from typing import Any

# JetStream's code for a message above the stream's limit: the only one that holds for the message itself.
MESSAGE_TOO_LARGE = 10054
_MAX_CHARS = 200
# A word of JetStream's description -> what to do.
_ADVICE = {
    "maximum messages": "let consumers work it off, raise the stream's limit, or let it discard old messages",
    "maximum bytes": "let consumers work it off, raise the stream's limit, or let it discard old messages",
    "resource": "raise the account's or the server's JetStream limits",
    "storage": "free or add storage of the JetStream server",
    "sealed": "create another stream for the subject; a sealed one takes no messages",
    "unavailable": "wait until the cluster has a leader",
}
_DEFAULT_ADVICE = "look into the log of the NATS server"


def jetstream_words(error: Mapping[str, Any], subject: str, place: str) -> str:
    """A sentence about the error of a publish acknowledgement: `code`, `err_code` and `description`."""
    seen = str(error.get("description", "an error without words"))[:_MAX_CHARS]
    advice = next((advice for word, advice in _ADVICE.items() if word in seen), _DEFAULT_ADVICE)
    return f"{place}: JetStream refuses {subject!r} ({seen}); {advice}"


def no_stream(pattern: str, place: str) -> str:
    """A sentence with the command that creates the stream of the destination's subjects."""
    command = f"nats stream add DOORBELL --subjects '{pattern}' --storage file --defaults"
    return f"{place}: no JetStream stream has the subjects {pattern!r}; create one with: {command}"


def connect_words(error: BaseException, place: str) -> str:
    """A sentence about a connection that could not be made."""
    text = str(error)
    if "uthorization" in text or "uthentication" in text:
        return f"{place}: NATS refused the sign-in; correct user name, password, token or creds_file in the address"
    if isinstance(error, TimeoutError):
        return f"{place}: NATS did not answer in time; check the server and the network"
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"{place}: the certificate of NATS is not valid ({error.verify_message}); set ca_file, or correct the host"
        )
    if isinstance(error, ssl.SSLError):
        return f"{place}: TLS with NATS failed ({error.reason}); check cert_file and key_file, and the server's log"
    return f"{place}: no connection to NATS ({reason(error)}); check the server, the address and the network"


def reason(error: BaseException) -> str:
    """The reason alone, such as "Connection refused"."""
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return (str(error).removeprefix("nats: ") or type(error).__name__)[:_MAX_CHARS]
