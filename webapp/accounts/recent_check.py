"""Whether the user of a session has proved who they are a short time ago: by signing in, or by the password asked for again."""

from __future__ import annotations

import time

from flask import session

_KEY = "_checked"
# How long the settings of the sign-in can be changed without the password.
SECONDS = 600
# The same for a long form that was opened within SECONDS.
FORM_SECONDS = 3600


def mark() -> None:
    """The session's user was checked now."""
    session[_KEY] = int(time.time())


def is_recent(seconds: int = SECONDS) -> bool:
    checked = session.get(_KEY)
    return isinstance(checked, int) and 0 <= time.time() - checked < seconds
