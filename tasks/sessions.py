"""The task that ends unused sessions, and deletes ended ones once their cookies have expired anyway."""

from __future__ import annotations

import psycopg

from webapp.accounts import sessions

from .app import app
from .process_config import process_config
from .schedule import REMOVE_SESSIONS


@app.task(name=REMOVE_SESSIONS, throws=(psycopg.OperationalError,))
def remove() -> int:
    """Returns the number of deleted rows."""
    config = process_config()
    return sessions.remove_expired(config.database_url, config.session_idle_days)
