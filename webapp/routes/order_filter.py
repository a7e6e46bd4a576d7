"""The filter in the address of the orders page, and its search within limits."""

from __future__ import annotations

from flask import abort, request
from flask_login import current_user
from sqlalchemy.exc import OperationalError

from ..accounts.current import current_tenant
from ..concurrency.search_limit import MAX_TENANT_SEARCHES, MAX_USER_SEARCHES
from ..concurrency.slots import NoSlot
from ..db import db
from ..models import STATUSES
from ..observability import logs
from ..observability.metrics import web as metrics
from ..postgres import faults
from ..queries import order_search
from ..queries.order_search import Filter, Found, PageCursor
from ..services import services

TOO_MANY = {
    "user": f"{MAX_USER_SEARCHES} of your searches are still running. Wait for them to finish, then search again.",
    "tenant": f"{MAX_TENANT_SEARCHES} searches by your team are still running. Search again in a few seconds.",
}
TOO_LONG = (
    f"The search took longer than {order_search.MAX_SECONDS} s and was stopped."
    " Add a word or more letters, or choose a status or a salesperson."
)

log = logs.get("web")


class SearchRefused(Exception):
    """The search was refused or stopped. The message is for the page, `status` for HTTP."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def from_request() -> tuple[Filter, PageCursor | None]:
    """The filter and the page of the request. An address that no page links to ends the request with 400."""
    words, status, owner = (request.args.get(name, "") for name in ("q", "status", "owner"))
    if status not in ("", *STATUSES):
        abort(400, f"The status {status!r} is not valid. Use one of: {', '.join(STATUSES)}.")
    if owner and not (owner.isascii() and owner.isdigit() and len(owner) <= 18):
        abort(400, f"The salesperson {owner[:80]!r} is not valid. Choose one from the list.")
    before = request.args.get("before")
    try:
        cursor = PageCursor.parse(before) if before else None
    except order_search.CursorInvalid:
        abort(400, "This page of the list no longer exists. Start from the newest orders.")
    return Filter(words.replace("\0", "").strip()[:200], status, int(owner) if owner else None), cursor


def find(wanted: Filter, before: PageCursor | None) -> Found:
    """A page of the list. Raises SearchRefused if too many searches run at once, or if this one takes too long."""
    if not wanted:
        return order_search.read(current_tenant(), wanted, before)
    tenant = current_tenant()
    db.session.close()  # hold no connection while waiting
    try:
        with services().searches.slot(tenant.id, current_user.id):
            return order_search.read(tenant, wanted, before)
    except NoSlot as error:
        metrics.SEARCHES_REFUSED.labels(error.scope).inc()
        raise SearchRefused(TOO_MANY[error.scope], 429 if error.scope == "user" else 503) from None
    except OperationalError as error:
        if not faults.was_cancelled(error):
            raise
        db.session.rollback()
        metrics.DATABASE_FAULTS.labels("timeout").inc()
        log.warning("gave up a search that took too long", tenant_id=tenant.id, words=len(wanted.words))
        raise SearchRefused(TOO_LONG, 503) from None
