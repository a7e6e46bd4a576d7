"""The logs of the worker and beat: Celery's lines in our format, and repeated failures of a task as one incident."""

from __future__ import annotations

import logging
import os
from typing import Any

from celery.signals import setup_logging, task_failure, task_success

from webapp.observability import logs
from webapp.observability.incidents import Incident

from .schedule import NAMES

log = logs.get("tasks")
_incidents = {name: Incident(name, "its next tick tries again") for name in NAMES}


class DropTaskFailures(logging.Filter):
    """Drops Celery's line per failed task, because `failed` below logs an incident."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno < logging.WARNING or not hasattr(record, "data")


# One instance, because a logger keeps the same filter once.
_drop_task_failures = DropTaskFailures()


@setup_logging.connect
def configure(loglevel: int, **_: Any) -> None:
    """Replace Celery's set-up. `loglevel` of the command line applies to libraries, LOG_LEVEL to our lines."""
    logs.configure(os.environ, libraries=loglevel)
    # It logs the reconnection to Redis.
    logging.getLogger("celery.worker.consumer.connection").setLevel(logging.INFO)
    logging.getLogger("celery.app.trace").addFilter(_drop_task_failures)


@task_failure.connect
def failed(sender: Any, exception: BaseException, **_: Any) -> None:
    """Log an incident. Expected errors (`throws`: PostgreSQL or Redis unreachable) have no traceback, all others have."""
    expected = isinstance(exception, tuple(sender.throws))
    traceback = {} if expected else {"exc_info": exception}
    _incidents[sender.name].fault(log, "away" if expected else "fault", exception, **traceback)


@task_success.connect
def succeeded(sender: Any, **_: Any) -> None:
    _incidents[sender.name].over(log)
