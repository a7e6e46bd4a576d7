"""The tasks that write committed entries of the audit log to the log, and remove its old months."""

from __future__ import annotations

import psycopg

from webapp.audit import follower, retention

from .app import app
from .process_config import process_config
from .schedule import FOLLOW_AUDIT_LOG, REMOVE_AUDIT_LOG


@app.task(name=FOLLOW_AUDIT_LOG, throws=(psycopg.OperationalError,))
def follow() -> int:
    """Returns the number of lines."""
    return follower.follow(process_config().database_url)


@app.task(name=REMOVE_AUDIT_LOG, throws=(psycopg.OperationalError,))
def remove() -> int:
    """Returns the number of removed entries."""
    config = process_config()
    return retention.remove_old(config.database_url, config.audit_retention_months)
