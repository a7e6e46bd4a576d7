"""The audit log of the company, for admins: a page with filters in its address, and the same as a CSV file."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts.current import current_locale, current_tenant
from ..accounts.permissions import Permission
from ..audit.kinds import Kind
from ..audit.recording import record_alone
from ..concurrency.download_limit import RETRY_SECONDS
from ..concurrency.slots import NoSlot
from ..db import db
from ..display import audit_kinds, clock
from ..display.audit_texts import more_texts, what_text, who_text
from ..language import gettext as _
from ..order_export.audit_csv import AuditCsv
from ..order_export.download import PagedDownload
from ..queries import audit_log
from ..queries.day import today
from ..queries.order_cursor import CursorInvalid, PageCursor
from ..services import services
from . import audit_filter
from .access import guard
from .audit_filter import AuditRequest
from .downloads import BUSY, CONTENT_TYPE
from .errors import error_response

bp = Blueprint("audit_log", __name__, url_prefix="/settings/audit-log")
guard(bp, Permission.SEE_AUDIT_LOG)


@bp.get("")
def index() -> ResponseReturnValue:
    """The page. A value that is not valid is named, and no entries are shown."""
    asked, before, tenant = _asked(), _cursor(), current_tenant()
    found = [] if asked.problems else audit_log.read(tenant.id, asked.filter, before)
    entries, has_older = found[: audit_log.PAGE_ROWS], len(found) > audit_log.PAGE_ROWS
    now = clock.now()
    page = render_template(
        "pages/audit_log.html",
        tenant=tenant,
        asked=asked,
        here=asked.typed,
        before=before,
        entries=entries,
        older=entries[-1].cursor if has_older else None,
        people=audit_log.people(tenant.id),
        topics=audit_kinds.TOPICS,
        presets=audit_filter.PRESETS,
        now=now,
        today=today(tenant.timezone, now).date,
        words={"who": who_text, "what": what_text, "more": more_texts},
    )
    return page, 400 if asked.problems else 200


@bp.get("/entries.csv")
def download() -> ResponseReturnValue:
    """All entries that match the filter, streamed. The download is itself an entry."""
    asked, tenant = _asked(), current_tenant()
    if asked.problems:
        abort(400, " ".join(asked.problems.values()))
    day = today(tenant.timezone, clock.now()).date
    headers = {"Content-Disposition": f'attachment; filename="audit-log-{tenant.slug}-{day}.csv"'}
    if request.method == "HEAD":
        return Response(content_type=CONTENT_TYPE, headers=headers)
    db.session.close()  # a request that holds two connections could wait for itself
    try:
        give_back = services().downloads.take(tenant.id, current_user.id)
    except NoSlot as error:
        status = 429 if error.scope == "user" else 503
        return error_response(status, BUSY[error.scope], {"Retry-After": str(RETRY_SECONDS)})
    app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]
    file = PagedDownload(app, AuditCsv(tenant, asked.filter, current_locale()), give_back)
    try:
        record_alone(Kind.EXPORT, tenant_id=tenant.id, details={"what": "audit_log"})
    except BaseException:
        file.close()
        raise
    return Response(file, content_type=CONTENT_TYPE, headers=headers)


def _asked() -> AuditRequest:
    return audit_filter.parse(request.args, current_tenant(), clock.now())


def _cursor() -> PageCursor | None:
    """The page of the request. An address that no page links to ends the request with 400."""
    before = request.args.get("before")
    try:
        return PageCursor.parse(before) if before else None
    except CursorInvalid:
        abort(400, _("This page of the audit log no longer exists. Start from the newest entries."))
