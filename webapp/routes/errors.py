"""Error responses: what happened and what to do next, as a page, or as plain text for a panel or the stream."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import Flask, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel.speaklater import LazyString
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadHost, HTTPException

from ..accounts.current import keep_browser_locale
from ..db import db
from ..language import gettext as _
from ..language import lazy_gettext
from ..observability import logs
from ..observability.incidents import in_a_line
from ..observability.metrics import web as metrics
from ..orders.errors import OrderNotFound
from ..postgres import faults, outages
from .access import is_fragment
from .upload_body import UPLOAD_HEADER

UNREACHABLE = (OperationalError, InterfaceError, PoolTimeout)
RETRY_SECONDS = 5  # Retry-After of these errors

log = logs.get("web")


@dataclass(frozen=True)
class ErrorMessage:
    """The text of an error: what happened (`title`), and what to do next (`advice`)."""

    title: str | LazyString
    advice: str | LazyString


ERROR_MESSAGES = {
    400: ErrorMessage(
        lazy_gettext("The request is not valid"), lazy_gettext("Go back, reload the page and try again.")
    ),
    401: ErrorMessage(
        lazy_gettext("You are signed out"),
        lazy_gettext("Sign in to continue."),
    ),
    403: ErrorMessage(
        lazy_gettext("You do not have permission for this"), lazy_gettext("Ask your Doorbell administrator.")
    ),
    404: ErrorMessage(
        lazy_gettext("This page does not exist"), lazy_gettext("It may have been deleted, or the address is mistyped.")
    ),
    405: ErrorMessage(
        lazy_gettext("This action is not available here"), lazy_gettext("Go back and use the buttons of the page.")
    ),
    408: ErrorMessage(
        lazy_gettext("The form did not arrive"), lazy_gettext("Check your connection, then send it again.")
    ),
    413: ErrorMessage(
        lazy_gettext("The form is too large"), lazy_gettext("Send less at once. For many orders, import a file.")
    ),
    429: ErrorMessage(lazy_gettext("Too many attempts"), lazy_gettext("Wait a little, then try again.")),
    500: ErrorMessage(
        lazy_gettext("Something went wrong in Doorbell"),
        lazy_gettext(
            "The error is in the log. Your change was saved completely or not at all. Check it, then try again."
        ),
    ),
    503: ErrorMessage(
        lazy_gettext("The database did not answer in time"),
        lazy_gettext("Your last change may be missing. Try again in a few seconds."),
    ),
}
POOL_FULL = ErrorMessage(
    lazy_gettext("Doorbell is busy"),
    lazy_gettext("All its database connections are in use. Nothing was changed. Try again in a few seconds."),
)
TIMED_OUT = ErrorMessage(
    lazy_gettext("The database took too long"),
    lazy_gettext("The request was stopped and nothing was changed. Try again in a few seconds."),
)
CSRF_INVALID = ErrorMessage(
    lazy_gettext("This form is no longer valid"),
    lazy_gettext(
        "It is older than your sign-in, or another site sent it. Nothing was changed. "
        "Go back, reload the page and send it again."
    ),
)
READ_ONLY = ErrorMessage(
    lazy_gettext("The database is read-only at the moment"),
    lazy_gettext("Nothing was changed. You can still view your data. Try again later."),
)


def init_app(app: Flask) -> None:
    app.register_error_handler(CSRFError, csrf_invalid)
    app.register_error_handler(OrderNotFound, order_not_found)
    app.register_error_handler(HTTPException, http_error)
    for error in UNREACHABLE:
        app.register_error_handler(error, database_unavailable)
    app.register_error_handler(DataError, value_invalid)
    app.register_error_handler(InternalError, database_read_only)


def csrf_invalid(_error: CSRFError) -> ResponseReturnValue:
    cookie = current_app.config["SESSION_COOKIE_NAME"] in request.cookies
    if cookie or request.is_secure or not current_app.config["SESSION_COOKIE_SECURE"]:
        return error_response(400, CSRF_INVALID)
    host = re.sub(r":\d+$", "", request.host)
    advice = _(
        "Doorbell's cookies need HTTPS. Open %(address)s, or set COOKIE_SECURE=0 for a test. Nothing was changed.",
        address=f"https://{host}{request.path}",
    )
    return error_response(400, ErrorMessage(_("Your browser sent no cookie"), advice))


def http_error(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None or error.code < 400:
        return error  # a redirect, or a complete response
    message = ERROR_MESSAGES.get(error.code) or ErrorMessage(error.name, error.description or "")
    if error.code == 413 and request.content_length and request.content_length > (request.max_content_length or 0):
        limit = _("The limit is %(count)s bytes.", count=f"{request.max_content_length:,}")
        message = ErrorMessage(message.title, f"{limit} {message.advice}")
    if error.description and error.description != type(error).description:
        message = ErrorMessage(message.title, error.description)  # the text given to abort()
    return error_response(error.code, message)


def order_not_found(error: Exception) -> ResponseReturnValue:
    return error_response(404, ErrorMessage(_("Order not found"), str(error)))


def database_unavailable(error: Exception) -> ResponseReturnValue:
    """503, counted by cause: the pool is full, the statement took too long, or PostgreSQL is away (postgres/outages.py)."""
    if isinstance(error, PoolTimeout):
        cause, message = "pool", POOL_FULL
        outages.pool_full(error)
    elif faults.was_cancelled(error):
        cause, message = "timeout", TIMED_OUT
        log.warning("gave up a statement that took too long", endpoint=request.endpoint, error=in_a_line(error))
    else:
        cause, message = "away", ERROR_MESSAGES[503]
    metrics.DATABASE_FAULTS.labels(cause).inc()
    return error_response(503, message, {"Retry-After": str(RETRY_SECONDS)})


def database_read_only(error: Exception) -> ResponseReturnValue:
    """503 for a standby, or a read-only role or database. Other internal errors are faults of Doorbell."""
    if not faults.is_read_only(error):
        raise error
    log.warning("refused a change: the server is read-only", endpoint=request.endpoint, error=in_a_line(error))
    return error_response(503, READ_ONLY, {"Retry-After": str(RETRY_SECONDS)})


def value_invalid(error: Exception) -> ResponseReturnValue:
    """400 for an id beyond a bigint or a NUL in a text. No page of Doorbell sends such values."""
    log.warning("refused a value that PostgreSQL cannot store", endpoint=request.endpoint, error=in_a_line(error))
    return error_response(400, ERROR_MESSAGES[400])


def error_response(status: int, message: ErrorMessage, headers: dict[str, str] | None = None) -> ResponseReturnValue:
    """A page, or plain text for a fragment and for the script of an upload.

    From 500 on the page uses bare.html, because base.html may be what failed, and the browser's language, because the user's
    would have to be read. It is plain text too if the Host header is not a host name, because no links can be built then.
    """
    if status >= 500:
        keep_browser_locale()
    try:
        return _body(status, message), status, headers or {}
    except UNREACHABLE as error:
        # Flask does not pass an error of an error handler to another one.
        return database_unavailable(error)


def _body(status: int, message: ErrorMessage) -> Response | str:
    if is_fragment(request.path) or UPLOAD_HEADER in request.headers or isinstance(request.routing_exception, BadHost):
        return Response(f"{message.title}. {message.advice}\n", content_type="text/plain; charset=utf-8")
    page = {"status": status, "message": message}
    if status >= 500:
        # Rendered without Flask's context processors, one of which would load the user.
        return current_app.jinja_env.get_template("pages/error.html").render(page, layout="bare.html")
    # The error may have broken the transaction, and base.html reads the inbox.
    db.session.rollback()
    return render_template("pages/error.html", layout="base.html", **page)
