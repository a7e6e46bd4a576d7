"""One mail, sent now: to the mail server, or as a file in the folder of mails."""

from __future__ import annotations

import os
import smtplib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.utils import make_msgid, parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ..config.mail import MailConfig
from ..observability import logs
from ..observability.incidents import in_a_line
from .text import SUBJECT_MAX_CHARS, one_line

if TYPE_CHECKING:
    from flask import Flask

log = logs.get("mail")


@dataclass(frozen=True)
class Mail:
    """A mail in plain text to one address."""

    to: str
    subject: str
    text: str


class MailNotSent(Exception):
    """The mail was not sent. `again`: another attempt may succeed, for example because the server was away."""

    def __init__(self, reason: object, again: bool) -> None:
        super().__init__(in_a_line(reason))
        self.again = again


class MailDelivery:
    """Sends mails as the settings say."""

    def __init__(self, app: Flask, config: MailConfig) -> None:
        self._app, self._config = app, config

    def deliver(self, mail: Mail) -> None:
        """Send a mail. Waits for the mail server up to some 10 seconds per answer. Raises MailNotSent."""
        if self._config.smtp is None and not self._config.folder:
            raise MailNotSent("mail is not set up; set SMTP", again=False)
        try:
            # Flask-Mailman would take the first word of other texts as a mailbox of this host.
            Address(addr_spec=mail.to)
            with self._app.app_context():
                self._send(mail)
        except smtplib.SMTPResponseException as error:
            raise MailNotSent(error, again=error.smtp_code < 500) from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _text in error.recipients.values()]
            raise MailNotSent(error, again=bool(codes) and max(codes) < 500) from None
        except (ValueError, IndexError) as error:
            # An address without a mailbox, or a line break in a header.
            raise MailNotSent(error, again=False) from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailNotSent(error, again=True) from None

    def _send(self, mail: Mail) -> None:
        if self._config.smtp is None:
            self._write(self._message(mail, None))
            return
        # Imported here, because only the process that sends the first mail needs it.
        from .smtp_backend import SmtpConnection

        self._message(mail, SmtpConnection(self._config.smtp, self._mailman())).send()

    def _message(self, mail: Mail, connection: Any) -> Any:
        from flask_mailman import EmailMessage

        self._mailman()
        domain = parseaddr(self._config.sender)[1].rpartition("@")[2]
        headers = {"Message-ID": make_msgid(domain=domain), "Auto-Submitted": "auto-generated"}
        subject = one_line(mail.subject, SUBJECT_MAX_CHARS)
        return EmailMessage(subject, mail.text, self._config.sender, [mail.to], connection=connection, headers=headers)

    def _mailman(self) -> object:
        """Flask-Mailman's state of the app, made at the first mail."""
        from flask_mailman import Mail as Mailman

        if "mailman" not in self._app.extensions:
            Mailman(self._app)
        return self._app.extensions["mailman"]

    def _write(self, message: Any) -> None:
        """Write the mail as a file that only this user can read: it may hold a link that resets a password."""
        folder = Path(self._config.folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{uuid4().hex[:8]}.eml"
        content = message.message().as_bytes()
        # A program that watches the folder never finds half of a mail.
        unfinished = path.with_suffix(".part")
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        unfinished.rename(path)
        log.info("wrote a mail", file=path.resolve().as_uri())
