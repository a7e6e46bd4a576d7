"""Which routes need a sign-in, all that are not marked with `public`, and which a permission. Checked before each request."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from flask import Blueprint, Flask, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user

from ..accounts import sessions
from ..accounts.current import load_user
from ..accounts.permissions import Permission, may, roles_with
from ..accounts.role_names import role_name
from ..accounts.session_rows import PageView
from ..accounts.user_cache import UserCache
from ..audit import browser
from ..language import gettext as _
from ..language import lazy_gettext
from ..services import services

# The header with the id of the user for whom a page was rendered. The stream's address has it as `user`.
PAGE_USER = "Doorbell-User"

# By the role that may least of those with a permission: the roles above it have it too.
_REFUSALS = {
    "sales": lazy_gettext(
        "Viewers can only read. Ask a colleague to do it, or an admin of your company to change your role."
    ),
    "manager": lazy_gettext(
        "Only managers and admins can do this. Ask one of them to do it, or an admin of your company to change your role."
    ),
    "admin": lazy_gettext("Only admins can do this. Ask an admin of your company to do it, or to change your role."),
}

# Attributes of views, the second of blueprints too.
_REASON = "doorbell_public"
_PERMISSION = "doorbell_permission"
_FRAGMENTS = "doorbell_fragments"

View = TypeVar("View", bound=Callable[..., Any])


def public(reason: str) -> Callable[[View], View]:
    """Mark a view as one that needs no sign-in, for this reason. All other views ask for one."""

    def mark(view: View) -> View:
        setattr(view, _REASON, reason)
        return view

    return mark


def needs(permission: Permission) -> Callable[[View], View]:
    """Mark a view as one for roles with this permission. Other users get a 403 before the view runs."""

    def mark(view: View) -> View:
        setattr(view, _PERMISSION, permission)
        return view

    return mark


def guard(blueprint: Blueprint, permission: Permission) -> None:
    """All views of this blueprint, those added later included, are for roles with this permission. `needs` names another."""
    setattr(blueprint, _PERMISSION, permission)


def needed_permission(app: Flask, endpoint: str | None) -> Permission | None:
    """The permission of a route; None if all roles may request it, and for a request without a route."""
    if not endpoint:
        return None
    guarded = app.blueprints.get(endpoint.rpartition(".")[0])
    found: Permission | None = getattr(
        app.view_functions.get(endpoint), _PERMISSION, getattr(guarded, _PERMISSION, None)
    )
    return found


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
    # Global, so that macros that are imported without the context of a page have them too.
    app.jinja_env.globals |= {"may": current_may, "role_name": role_name}


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
    if request.method == "GET" and not is_fragment(request.path) and (key := sessions.current()) is not None:
        name = browser.short_name(request.headers.get("User-Agent", "")) or ""
        services().sightings.saw(PageView(current_user.id, key, request.remote_addr or "", name))
    permission = needed_permission(current_app, request.endpoint)
    if permission is not None:
        require(permission)
    return None


def require(permission: Permission) -> None:
    """403, with the roles that may do it, unless the signed-in user may."""
    if not may(current_user, permission):
        abort(403, refusal(permission))


def refusal(permission: Permission) -> str:
    """The text for a user without the permission: the roles that have it, and what to do."""
    return str(_REFUSALS[roles_with(permission)[0]])


def current_may(permission: str) -> bool:
    """Whether the signed-in user has this permission: `may("import_orders")` in templates. Signed out, False."""
    return bool(current_user.is_authenticated and may(current_user, Permission(permission)))


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
