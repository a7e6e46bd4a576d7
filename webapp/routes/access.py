"""Which routes need a sign-in: all that are not marked with `public`. Checked before each request."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from flask import Blueprint, Flask, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user

from ..accounts import sessions
from ..accounts.current import load_user
from ..accounts.user_cache import UserCache
from ..language import gettext as _
from ..language import lazy_gettext
from ..services import services

# The header with the id of the user for whom a page was rendered. The stream's address has it as `user`.
PAGE_USER = "Doorbell-User"

MANAGERS_ONLY = lazy_gettext(
    "Only managers can open this page. Ask a manager of your company to do it, or to give you that role."
)

_REASON = "doorbell_public"  # the attribute of a public view
_FRAGMENTS = "doorbell_fragments"

View = TypeVar("View", bound=Callable[..., Any])


def public(reason: str) -> Callable[[View], View]:
    """Mark a view as one that needs no sign-in, for this reason. All other views ask for one."""

    def mark(view: View) -> View:
        setattr(view, _REASON, reason)
        return view

    return mark


def public_reason(app: Flask, endpoint: str | None) -> str | None:
    """Why a route needs no sign-in; None if it needs one, and for a request without a route."""
    view = app.view_functions.get(endpoint) if endpoint else None
    return getattr(view, _REASON, None)


def serve_fragments(app: Flask, *blueprints: Blueprint) -> None:
    """Register blueprints that return parts of pages. Each needs an address prefix of its own."""
    prefixes = tuple(str(blueprint.url_prefix) for blueprint in blueprints)
    app.extensions[_FRAGMENTS] = (prefixes, tuple(f"{prefix}/" for prefix in prefixes))
    for blueprint in blueprints:
        app.register_blueprint(blueprint)


def init_app(app: Flask, login_manager: LoginManager, users: UserCache) -> None:
    login_manager.user_loader(partial(load_user, users))
    login_manager.unauthorized_handler(ask_to_sign_in)
    public("CSS and JS, the same for all users")(app.view_functions["static"])
    app.before_request(require_sign_in)


def is_fragment(path: str) -> bool:
    """Whether `path` returns a part of a page. Its errors are plain text, because a page must not end up inside a page."""
    prefixes, below = current_app.extensions[_FRAGMENTS]
    return path in prefixes or path.startswith(below)


def require_sign_in() -> ResponseReturnValue | None:
    """Runs before each request. All routes need a sign-in unless they are public, future ones included."""
    if request.endpoint is None or public_reason(current_app, request.endpoint):
        return None
    if not current_user.is_authenticated:
        return ask_to_sign_in()
    if is_fragment(request.path) and not is_page_of(current_user.id):
        return _("Another user is signed in now. Reload the page."), 409, {"Content-Type": "text/plain; charset=utf-8"}
    if request.method == "GET":
        services().users.remember_cookie(request.headers.get("Cookie", ""), current_user.id)
    if request.method == "GET" and sessions.current() is None and not is_fragment(request.path):
        # The cookie is of a version whose sessions had no ids. Only pages give it one: a page's fragments are requested all at
        # once, and each would begin a session of its own.
        sessions.begin(None)
    return None


def require_manager() -> None:
    """403 unless the signed-in user is a manager."""
    if current_user.role != "manager":
        abort(403, str(MANAGERS_ONLY))


def is_page_of(user_id: int) -> bool:
    """Whether the requesting page was rendered for this user.

    Another user may have signed in since, in another tab. A request that names no user is accepted.
    """
    named = request.headers.get(PAGE_USER) or request.args.get("user")
    return named is None or named == str(user_id)


def ask_to_sign_in() -> ResponseReturnValue:
    if is_fragment(request.path):
        return _("You are signed out. Sign in again to see this."), 401, {"Content-Type": "text/plain; charset=utf-8"}
    back = request.full_path.rstrip("?") if request.method == "GET" and request.path != "/" else None
    return redirect(url_for("auth.sign_in", next=back), 303)
