"""The web app with what only a test wants: a crowd's signals wait for seconds, so that there is time to look meanwhile."""

from __future__ import annotations

from webapp.streams import tenant_streams
from wsgi import app

tenant_streams.PAUSE_SECONDS = 2.0

__all__ = ["app"]
