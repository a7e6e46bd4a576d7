"""CSV files: the orders of a list, streamed, and the figures of a day."""

from __future__ import annotations

from datetime import date
from typing import cast
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, abort, current_app, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.exc import OperationalError

from ..accounts.current import current_only_owner, current_tenant
from ..accounts.permissions import Permission, may
from ..audit.kinds import Kind
from ..audit.recording import record_alone
from ..concurrency.download_limit import MAX_DOWNLOADS, MAX_TENANT_DOWNLOADS, RETRY_SECONDS
from ..concurrency.slots import NoSlot
from ..db import db
from ..display import clock
from ..language import gettext as _
from ..language import lazy_gettext
from ..models import Tenant
from ..order_export import figures_csv
from ..order_export.download import PagedDownload
from ..order_export.orders_csv import OrdersCsv
from ..postgres import faults
from ..queries import day_figures
from ..queries.day import today
from ..services import services
from . import order_filter, order_parameters
from .errors import ErrorMessage, error_response

CONTENT_TYPE = "text/csv; charset=utf-8"
BUSY = {
    "user": ErrorMessage(
        lazy_gettext("Your last download is still running"),
        lazy_gettext("Wait for it to finish, then download again."),
    ),
    "tenant": ErrorMessage(
        lazy_gettext("Too many downloads at once"),
        lazy_gettext("%(count)s downloads are running. Try again in a few seconds.", count=MAX_TENANT_DOWNLOADS),
    ),
    "process": ErrorMessage(
        lazy_gettext("Too many downloads at once"),
        lazy_gettext("%(count)s downloads are running. Try again in a few seconds.", count=MAX_DOWNLOADS),
    ),
}
# The first and last years whose days a download may name; orders have times from 1900 to 9000.
YEARS = range(1901, 9000)

bp = Blueprint("downloads", __name__)


@bp.get("/orders.csv")
def orders() -> ResponseReturnValue:
    """All orders that match the list's filter, in the order of the list. With `lines=1`, one row per line of an order."""
    wanted = order_filter.from_request().filter
    tenant, has_lines = current_tenant(), request.args.get("lines") == "1"
    headers = _headers(f"{'order-lines' if has_lines else 'orders'}-{tenant.slug}-{_today(tenant)}.csv")
    if request.method == "HEAD":
        return Response(content_type=CONTENT_TYPE, headers=headers)
    # The list names salespeople. Only some roles see their addresses.
    file = OrdersCsv(tenant, wanted, has_lines, has_emails=may(current_user, Permission.SEE_EMAILS))
    db.session.close()  # a request that holds two connections could wait for itself
    try:
        give_back = services().downloads.take(tenant.id, current_user.id)
        download = PagedDownload(cast(Flask, current_app._get_current_object()), file, give_back)  # type: ignore[attr-defined]
    except NoSlot as error:
        status = 429 if error.scope == "user" else 503
        return error_response(status, BUSY[error.scope], {"Retry-After": str(RETRY_SECONDS)})
    except OperationalError as error:
        if not wanted or not faults.was_cancelled(error):
            raise
        abort(503, str(order_filter.TOO_LONG))
    try:
        _record("order_lines" if has_lines else "orders", filter=_shown_filter())
    except BaseException:
        download.close()
        raise
    return Response(download, content_type=CONTENT_TYPE, headers=headers)


@bp.get("/figures.csv")
def figures() -> ResponseReturnValue:
    """The figures of `day`, today by default: of the day, by hour and by salesperson."""
    tenant, only = current_tenant(), current_only_owner()
    day = _day(request.args.get("day", ""), tenant)
    db.session.close()
    try:
        found = day_figures.read(tenant, day, only)
    except day_figures.DayNotKept as error:
        abort(
            404,
            _(
                "The orders or refunds of %(day)s are no longer kept. Choose a day from %(since)s on.",
                day=day,
                since=error.since,
            ),
        )
    headers = _headers(f"figures-{tenant.slug}-{day}.csv")
    db.session.close()  # the entry takes a connection of its own
    if request.method != "HEAD":
        _record("figures", filter=f"day={day}")
    return Response(figures_csv.file(tenant, found), content_type=CONTENT_TYPE, headers=headers)


def _record(what: str, **details: str) -> None:
    """The file is not sent if the entry cannot be written."""
    record_alone(Kind.EXPORT, tenant_id=None, details={"what": what, **details})


def _shown_filter() -> str:
    """The parameters of the address, without the searched text, which may be a customer's name."""
    shown = {name: request.args[name] for name in order_parameters.NAMES if name != "q" and request.args.get(name)}
    return urlencode(shown | ({"q": "…"} if request.args.get("q") else {}), safe="…")


def _headers(name: str) -> dict[str, str]:
    # A slug and a date need no quoting.
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _today(tenant: Tenant) -> date:
    return today(tenant.timezone, clock.now()).date


def _day(written: str, tenant: Tenant) -> date:
    """The day of the request. One that is not written as 2026-11-26 ends the request with 400."""
    if not written:
        return _today(tenant)
    try:
        day = date.fromisoformat(written)
        if str(day) != written or day.year not in YEARS:
            raise ValueError
    except ValueError:
        abort(
            400,
            _("The day '%(day)s' is not valid. Write it like %(example)s.", day=written[:40], example=_today(tenant)),
        )
    return day
