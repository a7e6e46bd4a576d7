"""The web app with what only a test wants: a crowd's signals wait for seconds, so that there is time to look meanwhile."""

from __future__ import annotations

from webapp.streams import hub
from wsgi import app

hub.PAUSE_SECONDS = 2.0

__all__ = ["app"]
