"""The filter in the address of the orders page, and its search within limits."""

from __future__ import annotations

from flask import abort, request
from flask_login import current_user
from sqlalchemy.exc import OperationalError

from ..accounts.current import current_locale, current_only_owner, current_tenant
from ..concurrency.search_limit import MAX_TENANT_SEARCHES, MAX_USER_SEARCHES, RETRY_SECONDS
from ..concurrency.slots import NoSlot
from ..db import db
from ..display import clock
from ..language import gettext as _
from ..language import lazy_gettext
from ..observability import logs
from ..observability.metrics import web as metrics
from ..postgres import faults
from ..queries import order_search
from ..queries.order_search import Filter, Found, PageCursor
from ..rate_limit.requests import RequestKind
from ..services import services
from . import order_parameters
from .order_parameters import OrderParameters
from .request_limits import over_limit, too_many_searches

TOO_MANY = {
    "user": lazy_gettext(
        "%(count)s of your searches are still running. Wait for them to finish, then search again.",
        count=MAX_USER_SEARCHES,
    ),
    "tenant": lazy_gettext(
        "%(count)s searches by your team are still running. Search again in a few seconds.", count=MAX_TENANT_SEARCHES
    ),
}
TOO_LONG = lazy_gettext(
    "The search took longer than %(seconds)s s and was stopped."
    " Add a word or more letters, or choose dates, a status or a salesperson.",
    seconds=order_search.MAX_SECONDS,
)

log = logs.get("web")


class SearchRefused(Exception):
    """The search was refused or stopped. The message is for the page, `status` and `wait` (seconds) for HTTP."""

    def __init__(self, message: str, status: int, wait: int = RETRY_SECONDS) -> None:
        super().__init__(message)
        self.status, self.wait = status, wait


def parameters() -> OrderParameters:
    """The filter of the request, with a problem for each value that is not valid."""
    found = order_parameters.parse(request.args, current_tenant(), clock.now(), current_locale())
    only = current_only_owner()
    return found if only is None else order_parameters.limited(found, only)


def cursor() -> PageCursor | None:
    """The page of the request. An address that no page links to ends the request with 400."""
    before = request.args.get("before")
    try:
        return PageCursor.parse(before) if before else None
    except order_search.CursorInvalid:
        abort(400, _("This page of the list no longer exists. Start from the newest orders."))


def from_request() -> OrderParameters:
    """The filter of the request. A value that is not valid ends the request with 400."""
    found = parameters()
    if found.problems:
        abort(400, " ".join(found.problems.values()))
    return found


def find(wanted: Filter, before: PageCursor | None) -> Found:
    """A page of the list. Raises SearchRefused if there are too many searches, or if this one takes too long."""
    if not wanted:
        return order_search.read(current_tenant(), wanted, before)
    tenant = current_tenant()
    if refusal := over_limit(RequestKind.SEARCH):
        raise SearchRefused(too_many_searches(refusal), 429, refusal.wait)
    db.session.close()  # hold no connection while waiting
    try:
        with services().searches.slot(tenant.id, current_user.id):
            return order_search.read(tenant, wanted, before)
    except NoSlot as error:
        metrics.SEARCHES_REFUSED.labels(error.scope).inc()
        raise SearchRefused(str(TOO_MANY[error.scope]), 429 if error.scope == "user" else 503) from None
    except OperationalError as error:
        if not faults.was_cancelled(error):
            raise
        db.session.rollback()
        metrics.DATABASE_FAULTS.labels("timeout").inc()
        log.warning("gave up a search that took too long", tenant_id=tenant.id, words=len(wanted.words))
        raise SearchRefused(str(TOO_LONG), 503) from None
