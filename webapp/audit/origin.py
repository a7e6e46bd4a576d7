"""From where an action comes: the request with its user, a `flask` command, or a worker process."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import click
from flask import has_request_context, request, session
from flask.cli import ScriptInfo
from flask_login import current_user

from . import browser

# The key of the session's id in the cookie (accounts/sessions.py). Its first part identifies it in the log.
_SESSION, _SESSION_CHARS = "_session", 8


@dataclass(frozen=True)
class Origin:
    """`name` is one of audit_log.origin. In a browser the actor is a user, or None before the sign-in."""

    name: str
    tenant_id: int | None = None
    actor_id: int | None = None
    actor_name: str | None = None
    address: str | None = None
    session: str | None = None
    browser: str | None = None


# Set where the code that acts cannot see the request: in a thread of its own.
_given: ContextVar[Origin | None] = ContextVar("audit_origin", default=None)


@contextmanager
def given(origin: Origin) -> Iterator[None]:
    """Inside, the present origin is this one, read before by `present` in the request."""
    token = _given.set(origin)
    try:
        yield
    finally:
        _given.reset(token)


def present() -> Origin:
    """The origin of what this process does now."""
    origin = _given.get()
    if origin is not None:
        return origin
    if has_request_context():
        user = current_user if current_user and current_user.is_authenticated else None
        return Origin(
            "browser",
            user.tenant_id if user else None,
            user.id if user else None,
            user.name if user else None,
            request.remote_addr,
            str(session.get(_SESSION, ""))[:_SESSION_CHARS] or None,
            browser.short_name(request.headers.get("User-Agent", "")),
        )
    command = click.get_current_context(silent=True)
    # A worker of Celery runs inside of a command too, which is not one of Flask.
    if command is not None and command.find_object(ScriptInfo) is not None:
        return Origin("command line", actor_name=f"command line ({_system_user()})")
    return Origin("worker", actor_name="Doorbell")


def _system_user() -> str:
    try:
        return getpass.getuser()[:100]
    except (KeyError, OSError):
        return "unknown user"  # a container without an entry of its user
