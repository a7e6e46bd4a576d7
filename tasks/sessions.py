"""The task that deletes ended sessions once their cookies have expired anyway."""

from __future__ import annotations

import os

import psycopg

from webapp.accounts import sessions
from webapp.config import Config

from .app import app
from .schedule import REMOVE_SESSIONS


@app.task(name=REMOVE_SESSIONS, throws=(psycopg.OperationalError,))
def remove() -> int:
    """Returns the number of deleted rows."""
    return sessions.remove_expired(Config.from_env(os.environ).database_url)
