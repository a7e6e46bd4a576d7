"""Errors of RabbitMQ in words, and the name of the virtual host."""

from __future__ import annotations

import socket
import ssl
from urllib.parse import unquote

from ..address import Address

_REFUSED, _NOT_ALLOWED = 403, 530


def virtual_host(address: Address) -> str:
    """The virtual host of the path: "/shop" is shop, "/%2F", "/" and "" are the default one, /."""
    return unquote(address.path.removeprefix("/")) or "/"


def connect_words(error: Exception, address: Address, seconds: float) -> str:
    """An error of connecting as a sentence with the remedy, without secrets. `seconds` is the limit of each step."""
    server, code = f"RabbitMQ at {address.place}", getattr(error, "reply_code", 0)
    if code == _REFUSED:
        return f"{server} refused the sign-in. Check the user name and the password of the address."
    if code == _NOT_ALLOWED:
        name = virtual_host(address)
        return (
            f"{server} refused the virtual host {name!r}: {error.reply_text}. "  # type: ignore[attr-defined]
            f"Create it with: rabbitmqctl add_vhost {name}, and allow the user with: rabbitmqctl set_permissions"
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"{server} has a certificate that is not accepted: {error.verify_message}. Name its authority with ca_file."
        )
    if isinstance(error, ssl.SSLError):
        return f"TLS with {server} failed: {error.reason or error}. Check the port, cert_file and key_file."
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
        return f"A file of the address cannot be read: {error.strerror}. Check ca_file, cert_file and key_file."
    if isinstance(error, socket.gaierror):
        return f"The host of {server} has no address: {error.strerror}. Check the name."
    if isinstance(error, TimeoutError) and error.errno is None:
        return f"{server} did not answer within {seconds:.0f} s. Check that it runs, and its port."
    return f"{server} cannot be reached: {loss_words(error)}. Check that it runs, and its port."


def loss_words(error: Exception) -> str:
    """The reason for the end of a connection: the broker's text, or the system's."""
    return str(getattr(error, "reply_text", None) or getattr(error, "strerror", None) or error or type(error).__name__)
