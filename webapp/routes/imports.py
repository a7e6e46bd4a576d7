"""Import orders from a file, for managers: the uploads, one upload with its options and preview, and its report.

Actions on an upload are in import_actions.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge

from ..accounts.current import current_tenant
from ..accounts.permissions import Permission
from ..audit.kinds import Kind
from ..audit.recording import record, record_alone
from ..db import db, driver_connection
from ..display.filters import number_text
from ..language import gettext as _
from ..language import lazy_gettext
from ..services import services
from ..uploads import store
from ..uploads.notice import announce
from ..uploads.upload import UPLOADING, Upload
from . import import_parts
from .access import guard
from .board import live_since
from .import_parts import find
from .upload_body import UPLOAD_HEADER, SentFile, read_file, renew_deadline

bp = Blueprint("imports", __name__, url_prefix="/orders/import")
guard(bp, Permission.IMPORT_ORDERS)

TOO_MANY = lazy_gettext(
    "Each of your uploads is being checked or imported. Wait until one is done, then send the file again."
)
EMPTY = lazy_gettext("The file is empty. Choose a file whose first row names the columns.")


@bp.get("")
def index() -> str:
    live_since()
    max_bytes = services().config.import_max_mb * 1_000_000
    return render_template(
        "pages/imports.html", tenant=current_tenant(), part=import_parts.list_part(), max_bytes=max_bytes
    )


@bp.post("")
def receive() -> ResponseReturnValue:
    """Store the sent file, and lead to its page. Exempt from Flask's check of tokens: read_file() checks it."""
    try:
        sent = read_file()
    except RequestEntityTooLarge:
        abort(413, _too_large())
    if not sent.name:
        return _refuse(_("Choose a file first."))
    try:
        upload = _begin(sent.name)
    except store.TooManyUploads:
        return _refuse(str(TOO_MANY), 409)
    try:
        size = _store(upload, sent)
    except RequestEntityTooLarge:
        _remove(upload)
        abort(413, _too_large())
    except BaseException:
        _remove(upload)
        raise
    if not size:
        _remove(upload)
        return _refuse(str(EMPTY))
    _announce()
    address = url_for("imports.show", upload_id=upload.id)
    return ("", 201, {"Location": address}) if UPLOAD_HEADER in request.headers else redirect(address, 303)


@bp.get("/<int:upload_id>")
def show(upload_id: int) -> ResponseReturnValue:
    return show_page(find(upload_id))


def show_page(upload: Upload, problem: str = "", status: int = 200) -> ResponseReturnValue:
    if upload.state == UPLOADING:
        abort(404, _("This file has not arrived completely. Send it again."))
    live_since()
    part = import_parts.upload_part(upload)
    setup = None if upload.is_active else import_parts.setup_part(upload, problem)
    return render_template("pages/import.html", upload=upload, part=part, setup=setup), status


@bp.get("/<int:upload_id>/report")
def report(upload_id: int) -> ResponseReturnValue:
    """The rejected rows as a file, sent piece by piece. No connection is held while the client reads."""
    upload = find(upload_id)
    if not upload.report_bytes:
        abort(404, _("This upload has no rejected rows."))
    stem, dot, suffix = upload.name.rpartition(".")
    name = f"{stem}.rejected{dot}{suffix}" if dot else f"{suffix}.rejected.csv"
    db.session.close()  # the entry takes a connection of its own
    if request.method != "HEAD":
        record_alone(Kind.EXPORT, tenant_id=None, subject=name, details={"what": "rejected_rows"})
    headers = {
        "Content-Disposition": f"attachment; filename=\"rejected.csv\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Length": str(upload.report_bytes),
    }
    return Response(stream_with_context(_report_pieces(upload)), headers=headers, mimetype="text/csv")


def _report_pieces(upload: Upload) -> Iterator[bytes]:
    position = 0
    while True:
        with driver_connection() as conn:
            content = store.chunk(conn, upload, position, store.REPORT)
        db.session.close()
        if content is None:
            return
        yield content
        position += 1


def _begin(name: str) -> Upload:
    by = f"{current_user.name} ({current_user.email})"
    with driver_connection() as conn:
        upload = store.create(conn, current_tenant().id, name, by)
    db.session.commit()
    return upload


def _store(upload: Upload, sent: SentFile) -> int:
    """Store the pieces. Returns their bytes."""
    limit, size, position, buffer = services().config.import_max_mb * 1_000_000, 0, 0, bytearray()
    for piece in sent.pieces:
        buffer += piece
        size += len(piece)
        if size > limit:
            raise RequestEntityTooLarge
        if len(buffer) >= store.CHUNK_BYTES:
            position = _append(upload, position, buffer)
    _append(upload, position, buffer)
    with driver_connection() as conn:
        store.complete(conn, upload, size)
        details = {"bytes": size}
        record(conn, Kind.IMPORT_UPLOADED, tenant_id=upload.tenant_id, subject=upload.name, details=details)
    db.session.commit()
    return size


def _append(upload: Upload, position: int, buffer: bytearray) -> int:
    if not buffer:
        return position
    with driver_connection() as conn:
        store.append(conn, upload, position, bytes(buffer))
    db.session.commit()
    buffer.clear()
    renew_deadline()
    return position + 1


def _remove(upload: Upload) -> None:
    db.session.rollback()
    with driver_connection() as conn:
        store.remove(conn, upload)
    db.session.commit()


def _announce() -> None:
    with driver_connection() as conn:
        announce(conn, services().redis, current_tenant().id)


def _too_large() -> str:
    return _(
        "A file may have up to %(size)s MB. Split it, keeping the rows of an order together, "
        "or ask your Doorbell administrator to raise IMPORT_MAX_MB.",
        size=number_text(services().config.import_max_mb),
    )


def _refuse(problem: str, status: int = 422) -> ResponseReturnValue:
    if UPLOAD_HEADER in request.headers:
        return problem, status, {"Content-Type": "text/plain; charset=utf-8"}
    flash(problem, "danger")
    return redirect(url_for("imports.index"), 303)
