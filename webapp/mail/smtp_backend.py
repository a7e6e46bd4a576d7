"""Flask-Mailman's SMTP connection, with verified certificates for STARTTLS too: smtplib accepts any by default."""

from __future__ import annotations

import smtplib
import ssl

from flask_mailman.backends.smtp import EmailBackend

from ..config.mail import Smtp

# For connecting, and for each answer of the mail server.
TIMEOUT_SECONDS = 10.0


class SmtpConnection(EmailBackend):
    """A connection to the mail server of the settings."""

    connection: smtplib.SMTP | None

    def __init__(self, smtp: Smtp, mailman: object) -> None:
        super().__init__(host=smtp.host, port=smtp.port, timeout=TIMEOUT_SECONDS, mailman=mailman)
        self._smtp = smtp

    def open(self) -> bool:
        """Connect and sign in. Returns False when connected before. Raises OSError and smtplib.SMTPException."""
        if self.connection:
            return False
        connection = self._connect()
        try:
            if self._smtp.tls == "starttls":
                connection.starttls(context=self._context())
            if self._smtp.username:
                connection.login(self._smtp.username, self._smtp.password)
        except BaseException:
            connection.close()
            raise
        self.connection = connection
        return True

    def _connect(self) -> smtplib.SMTP:
        # The name is that of the greeting; the library's default looks up the host's in DNS, which can take seconds.
        host, port, name = self._smtp.host, self._smtp.port, "localhost"
        if self._smtp.tls == "implicit":
            return smtplib.SMTP_SSL(host, port, name, timeout=TIMEOUT_SECONDS, context=self._context())
        return smtplib.SMTP(host, port, name, timeout=TIMEOUT_SECONDS)

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._smtp.ca_file or None)
