"""What people see when something went wrong: what happened and a way back. A panel or the stream answers in bare text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import Flask, Response, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from psycopg.errors import LockNotAvailable, QueryCanceled
from sqlalchemy.exc import DataError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadHost, HTTPException

from ..db import db
from ..observability import logs
from ..observability.incidents import Incident, in_a_line
from ..observability.metrics import web as metrics
from ..orders.errors import OrderNotFound
from ..postgres import faults
from .access import PUBLIC, is_fragment

UNREACHABLE = (OperationalError, InterfaceError, PoolTimeout)
RETRY_SECONDS = 5  # for programs that ask again when PostgreSQL was away
SETTLED_SECONDS = 5.0  # without an error, then PostgreSQL is back: of many requests some may pass while others do not

log = logs.get("web")
postgresql = Incident("postgresql", "its requests are answered 503", settled=SETTLED_SECONDS)
pool = Incident(
    "connection pool",
    "requests that got no connection are answered 503",
    settled=SETTLED_SECONDS,
    state="full",
    again="free again",
)


@dataclass(frozen=True)
class ErrorMessage:
    """What happened, and what to do about it."""

    title: str
    advice: str


ERROR_MESSAGES = {
    400: ErrorMessage("The request could not be understood", "Go back, reload the page and try again."),
    401: ErrorMessage("You are signed out", "Sign in to go on."),
    403: ErrorMessage("You may not do this", "Ask your Doorbell administrator."),
    404: ErrorMessage("There is no such page", "It may have been deleted, or the address is mistyped."),
    405: ErrorMessage("That action is not available here", "Go back and use the page's own buttons."),
    408: ErrorMessage("The form did not arrive", "Check your connection, then send it again."),
    413: ErrorMessage("The form is too large", "Send less at once. For many orders use: flask orders import FILE."),
    429: ErrorMessage("Too many tries", "Wait a little, then try again."),
    500: ErrorMessage(
        "Something went wrong in Doorbell", "It is written in the log. Nothing was half done; you can try again."
    ),
    503: ErrorMessage(
        "The database did not answer in time", "Your last change may be missing. Try again in a few seconds."
    ),
}
POOL_TROUBLE = ErrorMessage(
    "Doorbell is busy",
    "All its connections to the database are in use. Nothing was changed; try again in a few seconds.",
)
TIME_TROUBLE = ErrorMessage(
    "The database took too long", "The request was given up and nothing was changed. Try again in a few seconds."
)
CSRF_TROUBLE = ErrorMessage(
    "This form is not valid any more",
    "It is older than your sign-in, or was not sent from Doorbell's own page. Nothing was changed. "
    "Go back, reload the page and send it again.",
)


READ_ONLY_TROUBLE = ErrorMessage(
    "The database is read-only at the moment",
    "Nothing was changed. Try again later; what you see is still read from the database.",
)


def init_app(app: Flask) -> None:
    app.register_error_handler(CSRFError, form_not_valid)
    app.register_error_handler(OrderNotFound, no_such_order)
    app.register_error_handler(HTTPException, http_error)
    for away in UNREACHABLE:
        app.register_error_handler(away, database_away)
    app.register_error_handler(DataError, value_impossible)
    app.register_error_handler(InternalError, database_read_only)
    app.after_request(note_that_the_database_answers)


def form_not_valid(_error: CSRFError) -> ResponseReturnValue:
    cookie = current_app.config["SESSION_COOKIE_NAME"] in request.cookies
    if cookie or request.is_secure or not current_app.config["SESSION_COOKIE_SECURE"]:
        return answer(400, CSRF_TROUBLE)
    host = re.sub(r":\d+$", "", request.host)
    advice = (
        f"Doorbell's cookies need HTTPS. Open https://{host}{request.path}, or set COOKIE_SECURE=0 for a test. "
        "Nothing was changed."
    )
    return answer(400, ErrorMessage("Your browser sent no cookie", advice))


def http_error(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None or error.code < 400:
        return error  # a redirect, or an answer that its maker has finished
    trouble = ERROR_MESSAGES.get(error.code) or ErrorMessage(error.name, error.description or "")
    if error.code == 413 and request.content_length and request.content_length > (request.max_content_length or 0):
        trouble = ErrorMessage(trouble.title, f"It may have {request.max_content_length:,} bytes. {trouble.advice}")
    if error.description and error.description != type(error).description:
        trouble = ErrorMessage(trouble.title, error.description)  # abort() was told what exactly
    return answer(error.code, trouble)


def no_such_order(error: Exception) -> ResponseReturnValue:
    return answer(404, ErrorMessage("No such order", str(error)))


def database_away(error: Exception) -> ResponseReturnValue:
    """503: PostgreSQL is away, or there and busy, which are different incidents."""
    if isinstance(error, PoolTimeout):
        cause, trouble = "pool", POOL_TROUBLE
        pool.fault(log, "request", error, endpoint=request.endpoint)
    elif was_cut_off(error):
        cause, trouble = "timeout", TIME_TROUBLE
        log.warning("gave up a statement that took too long", endpoint=request.endpoint, error=in_a_line(error))
    else:
        cause, trouble = "away", ERROR_MESSAGES[503]
        postgresql.fault(log, "request", error, endpoint=request.endpoint)
    metrics.DATABASE_FAULTS.labels(cause).inc()
    return answer(503, trouble, {"Retry-After": str(RETRY_SECONDS)})


def was_cut_off(error: BaseException) -> bool:
    """Whether PostgreSQL ended a statement for its statement_timeout or lock_timeout. It rolled back all of it."""
    return isinstance(getattr(error, "orig", None), QueryCanceled | LockNotAvailable)


def database_read_only(error: Exception) -> ResponseReturnValue:
    """A standby, or a setting of the role or the database: it is maintained. Other internal errors are ours."""
    if not faults.is_read_only(error):
        raise error
    log.warning("the server is read-only; a change was refused", endpoint=request.endpoint, error=in_a_line(error))
    return answer(503, READ_ONLY_TROUBLE, {"Retry-After": str(RETRY_SECONDS)})


def note_that_the_database_answers(response: Response) -> Response:
    """Of a signed-in request that went well, if it asked at all: a panel may come from memory, and a user does."""
    asks = request.endpoint is not None and request.endpoint not in PUBLIC and request.endpoint != "stream.stream"
    asked = asks and not g.get("from_memory")
    if response.status_code < 500 and asked:
        postgresql.over(log)
        pool.over(log)
    return response


def value_impossible(error: Exception) -> ResponseReturnValue:
    """An id beyond a bigint or a NUL in a text: made up in an address or a form, no page sends it."""
    log.warning("a value that postgresql cannot hold", endpoint=request.endpoint, error=in_a_line(error))
    return answer(400, ERROR_MESSAGES[400])


def answer(status: int, trouble: ErrorMessage, headers: dict[str, str] | None = None) -> ResponseReturnValue:
    """A page, or text in a fragment. From 500 on the page stands alone: what base.html needs may be what broke.

    Text too where the Host header is not a host name, because no page's links can be made then."""
    if is_fragment(request.path) or isinstance(request.routing_exception, BadHost):
        text = f"{trouble.title}. {trouble.advice}\n"
        return text, status, {"Content-Type": "text/plain; charset=utf-8", **(headers or {})}
    page = {"status": status, "trouble": trouble}
    if status >= 500:  # rendered past Flask's context processors, one of which would load the user
        template = current_app.jinja_env.get_template("pages/error.html")
        return template.render(page, layout="bare.html"), status, headers or {}
    try:
        db.session.rollback()  # what failed has left its transaction unusable, and base.html reads the inbox
        return render_template("pages/error.html", layout="base.html", **page), status, headers or {}
    except UNREACHABLE as error:  # this is not the error handler's own fault either
        return database_away(error)
