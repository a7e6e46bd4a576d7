"""Who asks, and for which tenant. Every route but a named few needs a signed-in user; what it may see is its tenant's."""

from __future__ import annotations

from flask import Flask, abort, g, has_request_context, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user
from sqlalchemy.orm import Session

from ..db import db
from ..models import Tenant, User
from ..server.security_headers import READS
from . import sessions
from .user_cache import visitors

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


def load_user(user_id: str) -> User | None:
    """The user of a session cookie, or None. Remembers the tenant for `current_tenant`.

    What writes is asked by the user as they are now, in a session that has not ended; what reads, as both were
    visitors.KEPT_SECONDS ago at most. No connection is held: a stream lives for minutes, and the verbs of orders.py begin
    their transactions on a clean slate.
    """
    if not user_id.isdecimal() or len(user_id) > 18:  # a bigint
        return None
    writes = has_request_context() and request.method not in READS
    ask = visitors().fresh if writes else visitors().get
    visitor = ask(int(user_id), sessions.current())
    if visitor is None:
        return None
    g.tenant = visitor.tenant
    return visitor.user


def current_tenant() -> Tenant:
    """The tenant of the signed-in user. Ends the request with 401 when nobody is signed in."""
    if not current_user.is_authenticated:
        abort(401)
    tenant: Tenant | None = g.get("tenant")
    if tenant is None or tenant.id != current_user.tenant_id:
        with Session(db.engine) as session:
            tenant = session.get_one(Tenant, current_user.tenant_id)
        g.tenant = tenant
    return tenant


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
