"""SMTP, MAIL_FROM, MAIL_FOLDER and PUBLIC_URL: how Doorbell sends mails, and the address that their links begin with."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from .env import EnvReader
from .network import is_loopback

# Scheme -> its default port. smtps:// is TLS from the first byte.
PORTS = {"smtp": 587, "smtps": 465}
TLS = ("starttls", "none")
EXAMPLE = "smtp://user:password@mail.example.com:587?tls=starttls"


@dataclass(frozen=True)
class Smtp:
    """A mail server. `tls` is "starttls", "implicit" or "none"; `ca_file` is a file of certificates, "" for the system's."""

    host: str
    port: int
    username: str
    password: str
    tls: str
    ca_file: str


@dataclass(frozen=True)
class MailConfig:
    """How mails are sent: by `smtp`, else as files in `folder`; with neither, Doorbell sends no mails.

    `public_url` is the address of this Doorbell without a slash at its end, "" to take that of the request.
    """

    smtp: Smtp | None = None
    sender: str = ""
    folder: str = ""
    public_url: str = ""


def read_mail(read: EnvReader, demo: bool) -> MailConfig:
    """Messages never show the address in SMTP, because it may hold a password."""
    address, sender, folder = read.text("SMTP"), read.text("MAIL_FROM"), read.text("MAIL_FOLDER")
    public_url = _public_url(read)
    if folder and not demo:
        read.fault(
            "MAIL_FOLDER is set, but DOORBELL_DEMO is not: the folder is for development. Set SMTP to an address like "
            f"{EXAMPLE}, or leave MAIL_FOLDER out."
        )
    if not address:
        return MailConfig(None, sender or "Doorbell <doorbell@localhost>", folder, public_url)
    if not sender:
        read.fault("SMTP is set, but MAIL_FROM is not. Set it to the sender, like Doorbell <doorbell@example.com>.")
    elif not _is_sender(sender):
        read.fault(f"MAIL_FROM is {sender!r}; allowed: an address like Doorbell <doorbell@example.com>.")
    if not public_url:
        read.fault(
            "SMTP is set, but PUBLIC_URL is not; links in mails begin with it. Set it to the address of this Doorbell, "
            "like https://doorbell.example.com."
        )
    return MailConfig(_smtp(read, address), sender, "", public_url)


def _smtp(read: EnvReader, address: str) -> Smtp | None:
    try:
        parts = urlsplit(address)
        return _server(parts, parts.port)
    except ValueError as error:
        read.fault(f"SMTP cannot be used: {error}. Set it to an address like {EXAMPLE}.")
        return None


def _server(parts: SplitResult, port: int | None) -> Smtp:
    """Raises ValueError with the fault."""
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("it begins with neither smtp:// nor smtps://, or names no host")
    if parts.path not in ("", "/") or parts.fragment:
        raise ValueError(
            "after the host and the port only ?tls= and ?ca= are allowed; write %XX for special characters"
        )
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    tls, ca_file = options.pop("tls", "starttls"), options.pop("ca", "")
    if options:
        raise ValueError(f"its parameter {min(options)!r} is not known; allowed: tls, ca")
    if tls not in TLS:
        raise ValueError(f"its parameter tls is {tls!r}; allowed: {', '.join(TLS)}")
    if ca_file and not os.access(ca_file, os.R_OK):
        raise ValueError(f"its parameter ca names {ca_file!r}, a file that cannot be read")
    tls = "implicit" if parts.scheme == "smtps" else tls
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(username) != bool(password):
        raise ValueError("it has a user without a password, or a password without a user")
    if password and tls == "none" and not is_loopback(parts.hostname):
        raise ValueError("tls=none would send its password unencrypted; leave tls out")
    return Smtp(parts.hostname, port or PORTS[parts.scheme], username, password, tls, ca_file)


def _is_sender(text: str) -> bool:
    _name, address = parseaddr(text)
    try:
        return text.isprintable() and bool(Address(addr_spec=address).domain)
    except (ValueError, IndexError):
        return False


def _public_url(read: EnvReader) -> str:
    value = read.text("PUBLIC_URL").rstrip("/")
    if value and not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+", value):
        read.fault(
            f"PUBLIC_URL is {value!r}; allowed: http:// or https:// with a host, like https://doorbell.example.com."
        )
        return ""
    return value


def folder_of(data_dir: Path) -> str:
    """The folder of mails of `make run`."""
    return str(data_dir / "mail")
