"""The mailer: sends mails in a thread of its own, so that no request waits for the mail server.

Under gevent the thread is a greenlet, and waiting for a socket does not stop the loop. Mails are not stored: their links are
secrets, and a user can request another one. A mail that cannot be sent is an error in the log and a counter.
"""

from __future__ import annotations

import atexit
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..config.mail import MailConfig
from ..observability import logs
from ..observability.metrics import web as metrics
from .delivery import Mail, MailDelivery, MailNotSent

if TYPE_CHECKING:
    from flask import Flask

# Makes a mail in the mailer's thread. Returns None for no mail.
Compose = Callable[[], Mail | None]

MAX_WAITING = 500  # mails per process
# Seconds before the second and the third attempt, while the mail server is away.
RETRY_SECONDS = (2.0, 15.0)
# How long the end of the process waits for mails.
CLOSE_SECONDS = 10.0

log = logs.get("mail")


class Mailer:
    """Sends mails as the settings say. Connects and starts its thread at the first mail."""

    def __init__(self, app: Flask, config: MailConfig) -> None:
        self._config, self._delivery = config, MailDelivery(app, config)
        # None ends the thread.
        self._waiting: queue.Queue[Compose | None] = queue.Queue(MAX_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    def is_set_up(self) -> bool:
        """Whether mails can be sent. Without, pages show links, or ask the user to contact an administrator."""
        return self._config.smtp is not None or bool(self._config.folder)

    def send(self, to: str, subject: str, text: str) -> None:
        """Send a mail soon, and return at once. A failure is logged, after further attempts if the server is away."""
        mail = Mail(to, subject, text)
        self.send_composed(lambda: mail)

    def send_composed(self, compose: Compose) -> None:
        """Call `compose` in the mailer's thread and send its mail, if it returns one. Returns at once.

        The time until this returns does not depend on whether there is a mail.
        """
        try:
            self._waiting.put_nowait(compose)
        except queue.Full:
            _fail("too many mails are waiting")
            return
        self._start()

    def send_now(self, to: str, subject: str, text: str) -> None:
        """Send a mail in one attempt, for a page that shows the result. Raises MailNotSent."""
        self._deliver(Mail(to, subject, text))

    def close(self) -> None:
        """Wait for mails up to CLOSE_SECONDS; log the number of those that were not sent."""
        if self._thread is None:
            return
        self._closing.set()
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(CLOSE_SECONDS)
        if left := len([mail for mail in self._waiting.queue if mail]):
            log.error("mails were not sent: the process ended", mails=left)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mailer", daemon=True)
                self._thread.start()
                atexit.register(self.close)

    def _run(self) -> None:
        """The thread's main loop."""
        while (compose := self._waiting.get()) is not None:
            try:
                if (mail := compose()) is not None:
                    self._send(mail)
            except Exception:
                metrics.MAILS.labels("failure").inc()
                log.exception("mail not sent")

    def _send(self, mail: Mail) -> None:
        for pause in (*RETRY_SECONDS, None):
            try:
                self._deliver(mail)
                return
            except MailNotSent as error:
                if pause is None or not error.again or self._closing.is_set():
                    _fail(str(error))
                    return
                log.warning("mail not sent yet; trying again", error=str(error), wait=pause)
                self._closing.wait(pause)

    def _deliver(self, mail: Mail) -> None:
        self._delivery.deliver(mail)
        metrics.MAILS.labels("sent").inc()
        if self._config.smtp is not None:
            log.info("sent a mail", host=self._config.smtp.host)


def _fail(reason: str) -> None:
    """Log a mail that was not sent. Its address and subject stay out of the log."""
    metrics.MAILS.labels("failure").inc()
    log.error("mail not sent", error=reason)
