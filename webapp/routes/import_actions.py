"""Actions on an upload, as resources below it: its options, a check, an import, the end of a job, its removal."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ..accounts.current import current_tenant
from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db, driver_connection
from ..language import gettext as _
from ..language import lazy_gettext
from ..services import services
from ..uploads import jobs, options, store
from ..uploads.notice import announce
from ..uploads.upload import READY, Upload
from . import import_parts
from .import_parts import find
from .imports import bp, show_page
from .panels import fragment

BUSY = lazy_gettext("This file is being checked or imported. Its options can be changed when that is done.")


@bp.post("/<int:upload_id>/options")
def save_options(upload_id: int) -> ResponseReturnValue:
    """Save the options; the answer is the part with the new preview, or the page without scripts."""
    upload = _saved(find(upload_id))
    problem = str(BUSY) if upload.is_active else ""
    if "HX-Request" in request.headers:
        return fragment(import_parts.setup_part(upload, problem))
    if problem:
        return show_page(upload, problem, 409)
    return redirect(url_for("imports.show", upload_id=upload_id) + "#preview", 303)


@bp.post("/<int:upload_id>/checks")
def check(upload_id: int) -> ResponseReturnValue:
    return _begin(upload_id, is_dry_run=True)


@bp.post("/<int:upload_id>/imports")
def import_orders(upload_id: int) -> ResponseReturnValue:
    return _begin(upload_id, is_dry_run=False)


@bp.post("/<int:upload_id>/cancellation")
def cancel(upload_id: int) -> ResponseReturnValue:
    upload = find(upload_id)
    with driver_connection() as conn:
        is_cancelled = jobs.cancel(conn, upload)
        if is_cancelled:
            record(conn, Kind.IMPORT_CANCELLED, tenant_id=upload.tenant_id, subject=upload.name)
    db.session.commit()
    if not is_cancelled:
        flash(_("It was too late to cancel: see the result below."), "info")
    _announce()
    return _back(upload_id)


@bp.post("/<int:upload_id>/removal")
def remove(upload_id: int) -> ResponseReturnValue:
    upload = find(upload_id)
    with driver_connection() as conn:
        is_removed = store.remove(conn, upload)
        if is_removed:
            record(conn, Kind.IMPORT_REMOVED, tenant_id=upload.tenant_id, subject=upload.name)
    db.session.commit()
    if not is_removed:
        flash(_("This file is being checked or imported. Cancel that first."), "danger")
        return _back(upload_id)
    _announce()
    flash(_("Deleted %(name)s. Imported orders stay.", name=upload.name), "success")
    return redirect(url_for("imports.index"), 303)


def _begin(upload_id: int, *, is_dry_run: bool) -> ResponseReturnValue:
    """Begin a job with the options of the form. A second click finds the job of the first one."""
    upload = find(upload_id)
    if request.form.get("version") != str(upload.version):
        if upload.state == READY:
            flash(_("The options have changed. See the preview, then click again."), "warning")
        return _back(upload_id)
    # Without scripts a change arrives with the click.
    upload = _saved(upload)
    with driver_connection() as conn:
        if jobs.enqueue(conn, upload, is_dry_run=is_dry_run):
            store.remove_report(conn, upload)
            details = {"is_check": is_dry_run}
            record(conn, Kind.IMPORT_STARTED, tenant_id=upload.tenant_id, subject=upload.name, details=details)
    db.session.commit()
    _announce()
    return _back(upload_id)


def _saved(upload: Upload) -> Upload:
    """The upload with the options that the form names."""
    if upload.is_active or not any(name.startswith(("option-", "column-")) for name in request.form):
        return upload
    header = import_parts.read_header(upload)
    with driver_connection() as conn:
        store.set_options(conn, upload, options.from_form(request.form, header, upload.options))
    db.session.commit()
    _announce()
    return find(upload.id)


def _announce() -> None:
    with driver_connection() as conn:
        announce(conn, services().redis, current_tenant().id)


def _back(upload_id: int) -> ResponseReturnValue:
    return redirect(url_for("imports.show", upload_id=upload_id), 303)
