"""The worker's and beat's logs: Celery's own go through our format, and a task that fails again and again is one incident."""

from __future__ import annotations

import logging
import os
from typing import Any

from celery.signals import setup_logging, task_failure, task_success

from webapp.observability import logs
from webapp.observability.incidents import Incident

from .schedule import EVERY

log = logs.get("tasks")
_incidents = {name: Incident(name, "its next tick tries again") for name in EVERY}


class NotWhatWeSay(logging.Filter):
    """Celery's own line for a task that failed, which comes at every tick; `failed` below says it once."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno < logging.WARNING or not hasattr(record, "data")


_not_what_we_say = NotWhatWeSay()  # one, since adding the same filter twice adds it once


@setup_logging.connect
def configure(loglevel: int, **_: Any) -> None:
    """In place of Celery's own set-up. `loglevel` is the command line's, and for libraries; LOG_LEVEL is for our lines."""
    logs.configure(os.environ, libraries=loglevel)
    logging.getLogger("celery.worker.consumer.connection").setLevel(logging.INFO)  # says when Redis is back
    logging.getLogger("celery.app.trace").addFilter(_not_what_we_say)


@task_failure.connect
def failed(sender: Any, exception: BaseException, **_: Any) -> None:
    """PostgreSQL or Redis away is expected (`throws`); what is not has its traceback in the incident's first line."""
    expected = isinstance(exception, tuple(sender.throws))
    unforeseen = {} if expected else {"exc_info": exception}
    _incidents[sender.name].fault(log, "away" if expected else "fault", exception, **unforeseen)


@task_success.connect
def succeeded(sender: Any, **_: Any) -> None:
    _incidents[sender.name].over(log)
