"""The web app with what only a test wants: a crowd's signals wait for seconds, so that there is time to look meanwhile."""

from __future__ import annotations

from webapp.panels import pacing
from wsgi import app

pacing.MIN_FAN_OUT_SECONDS = pacing.MAX_FAN_OUT_SECONDS = 2.0

__all__ = ["app"]
