"""The web app with a page for tests: the number of requests for a stream that reached Flask."""

from __future__ import annotations

from flask import request

from wsgi import app

_requests: list[str] = []


@app.before_request
def record() -> None:
    if request.path == "/stream":
        _requests.append(request.method)


@app.get("/flask-streams")
def flask_streams() -> str:
    return str(len(_requests))
