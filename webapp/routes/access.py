"""Which routes need a sign-in: all but a named few. Checked before each request."""

from __future__ import annotations

from flask import Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user

from ..accounts import sessions
from ..accounts.current import load_user
from ..accounts.user_cache import visitors

PAGE_USER = "Doorbell-User"  # the header in which a page says whose it is; the stream's address has `user`

# The endpoints that answer nobody in particular, each with its reason. All others ask for a sign-in by themselves.
PUBLIC = {
    "static": "css and js, the same for everybody",
    "auth.sign_in": "the door itself",
    "auth.demo": "signs in to the demo; exists in demo mode only",
    "health.healthz": "asked by the process manager, says up or down",
    "health.readyz": "asked by the load balancer, says what is away and nothing else",
    "metrics.metrics": "asked by Prometheus with METRICS_TOKEN, and 404 where there is none",
}


def init_app(app: Flask, login_manager: LoginManager) -> None:
    login_manager.user_loader(load_user)
    login_manager.unauthorized_handler(ask_to_sign_in)
    app.before_request(require_sign_in)


def is_fragment(path: str) -> bool:
    """Whether `path` answers into a box of a page: there an error is bare text, never a page in the box."""
    return path.startswith("/panels/") or path in ("/panels", "/stream")


def require_sign_in() -> ResponseReturnValue | None:
    """Before each request: closed unless the endpoint is in PUBLIC, so a route added tomorrow is closed as well."""
    if request.endpoint is None or request.endpoint in PUBLIC:
        return None
    if not current_user.is_authenticated:
        return ask_to_sign_in()
    if is_fragment(request.path) and not is_page_of(current_user.id):
        return "Another user is signed in now. Reload the page.", 409, {"Content-Type": "text/plain; charset=utf-8"}
    if request.method == "GET":
        visitors().remember_cookie(request.headers.get("Cookie", ""), current_user.id)
    if request.method == "GET" and sessions.current() is None and not is_fragment(request.path):
        sessions.begin(
            None
        )  # a cookie of an older version. Once a page: its fragments, all at once, would get an id each
    return None


def is_page_of(user_id: int) -> bool:
    """Whether the page that asks was painted for this user: another may have signed in since, in another tab of the browser.
    A request that does not name a user is nobody's page."""
    named = request.headers.get(PAGE_USER) or request.args.get("user")
    return named is None or named == str(user_id)


def ask_to_sign_in() -> ResponseReturnValue:
    if is_fragment(request.path):
        return "You are signed out. Sign in again to see this.", 401, {"Content-Type": "text/plain; charset=utf-8"}
    back = request.full_path.rstrip("?") if request.method == "GET" and request.path != "/" else None
    return redirect(url_for("auth.sign_in", next=back), 303)
