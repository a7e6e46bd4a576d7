"""The web app with what only a test wants: stuck readers are dropped soon, and it tells how many greenlets it has."""

from __future__ import annotations

import gc

from greenlet import greenlet

from webapp.streams import socket_stream
from wsgi import app

socket_stream.STUCK_SECONDS = 1.0


@app.get("/greenlets")
def greenlets() -> str:
    return str(sum(isinstance(thing, greenlet) and not thing.dead for thing in gc.get_objects()))
