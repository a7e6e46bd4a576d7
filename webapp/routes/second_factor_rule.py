"""The rule of a company that each user has a second factor: for a user without one, only its set-up opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts import sessions
from ..accounts.cached_user import CachedUser
from ..accounts.current import current_tenant
from ..language import gettext as _
from ..services import services
from .access import is_fragment, public_reason

_SET_UP = "doorbell_second_factor_set_up"  # attribute of views

View = TypeVar("View", bound=Callable[..., Any])


def open_for_set_up(view: View) -> View:
    """Mark a view as one that a user opens who has to set up a second factor first."""
    setattr(view, _SET_UP, True)
    return view


def is_open_for_set_up(app: Flask, endpoint: str) -> bool:
    return getattr(app.view_functions.get(endpoint), _SET_UP, False)


def init_app(app: Flask) -> None:
    """Call this before access.init_app: no permission is checked, and no page is rendered, before the set-up."""
    app.before_request(require_second_factor)
    app.jinja_env.globals["lacks_second_factor"] = lacks_second_factor


def require_second_factor() -> ResponseReturnValue | None:
    """Runs before each request."""
    endpoint = request.endpoint
    if endpoint is None or public_reason(current_app, endpoint) or is_open_for_set_up(current_app, endpoint):
        return None
    if not lacks_second_factor():
        return None
    if is_fragment(request.path):
        text = _("Your company requires two-step sign-in. Reload the page to set it up.")
        return text, 401, {"Content-Type": "text/plain; charset=utf-8"}
    return redirect(url_for("second_factor.index"), 303)


def lacks_second_factor() -> bool:
    """Whether the signed-in user has to set up a second factor before anything else opens."""
    found: bool | None = g.get("lacks_second_factor")
    if found is None:
        found = g.lacks_second_factor = bool(current_user.is_authenticated) and _lacks()
    return found


def _lacks() -> bool:
    session = sessions.current()
    if not CachedUser(current_user, current_tenant(), 0.0).lacks_second_factor(session):
        return False
    # The cached user may be of before the set-up, which another process may have served.
    now = services().users.reload(current_user.id, session)
    return now is not None and now.lacks_second_factor(session)
