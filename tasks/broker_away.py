"""What beat says when Redis is away as a tick is due, and the worker as a task is done: one line, not Celery's stack."""

from __future__ import annotations

import logging

import redis
from kombu.exceptions import OperationalError

BROKER_ERRORS = (OperationalError, redis.ConnectionError, redis.TimeoutError)

SPEAKERS = ("celery.beat", "celery.worker.request")  # the second when it cannot acknowledge


class OneLine(logging.Filter):
    """Takes the stack off a record whose exception began with an absent Redis. All others keep theirs."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None and _began_with_redis_away(error):
            record.msg, record.args = "%s; the next tick tries again", (error,)
            record.exc_info = record.exc_text = None
        return True


def _began_with_redis_away(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, BROKER_ERRORS):
            return True
        error = error.__cause__ or error.__context__
    return False


def tell_in_one_line() -> None:
    """Idempotent: a logger keeps one and the same filter once."""
    for name in SPEAKERS:
        logging.getLogger(name).addFilter(_one_line)


_one_line = OneLine()
