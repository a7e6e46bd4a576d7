"""Log lines of beat and the worker while Redis is unreachable: one line per tick instead of Celery's traceback."""

from __future__ import annotations

import logging

import redis
from kombu.exceptions import OperationalError

BROKER_ERRORS = (OperationalError, redis.ConnectionError, redis.TimeoutError)

# Beat when it cannot send, the worker when it cannot acknowledge.
LOGGERS = ("celery.beat", "celery.worker.request")


class DropBrokerTraceback(logging.Filter):
    """Removes the traceback from records of a broker error. All other records keep theirs."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None and _is_broker_error(error):
            record.msg, record.args = "%s; the next tick tries again", (error,)
            record.exc_info = record.exc_text = None
        return True


def _is_broker_error(error: BaseException | None) -> bool:
    """Whether the error or one of its causes is a broker error."""
    while error is not None:
        if isinstance(error, BROKER_ERRORS):
            return True
        error = error.__cause__ or error.__context__
    return False


def install() -> None:
    """Add the filter to Celery's loggers. Idempotent, because a logger keeps the same filter once."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_filter)


_filter = DropBrokerTraceback()
