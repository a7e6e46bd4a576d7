"""The page of privacy, for admins: what is stored about a person or a customer, its download and its erasure.

Retention and the deletion of the company are in privacy_company.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import psycopg
from flask import Blueprint, Response, abort, flash, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from ..accounts.current import current_tenant
from ..accounts.management import RefusedChange, UnknownUser, UserChange
from ..accounts.permissions import Permission
from ..audit.kinds import Kind
from ..audit.recording import record
from ..concurrency.download_limit import RETRY_SECONDS
from ..concurrency.slots import NoSlot
from ..db import db, driver_connection
from ..language import gettext as _
from ..models import TEXT_MAX_CHARS, User
from ..privacy import jobs, overview, records, requests, subjects
from ..privacy.export import Export
from ..privacy.names import MAX_NAMES, MIN_CHARS, fold
from ..privacy.notice import announce
from ..privacy.records import Search
from ..privacy.subjects import Subject
from ..services import services
from ..signals import notices
from . import privacy_company, privacy_parts
from .access import guard
from .board import live_since
from .downloads import BUSY
from .errors import error_response

T = TypeVar("T")

bp = Blueprint("privacy", __name__, url_prefix="/settings/privacy")
guard(bp, Permission.MANAGE_PRIVACY)
privacy_company.add_to(bp)


@bp.get("")
def index() -> str:
    live_since()
    return render_template(
        "pages/privacy.html",
        tenant=current_tenant(),
        users=_users(),
        part=privacy_parts.part(),
        max_chars=TEXT_MAX_CHARS,
        **privacy_company.values(request.args),
    )


@bp.get("/subject")
def subject() -> ResponseReturnValue:
    """The rows about a customer or a user, with the download and the erasure."""
    return _subject_page(_asked(request.args))


@bp.post("/export")
def export() -> ResponseReturnValue:
    """The ZIP file, sent piece by piece."""
    found = _asked(request.form)
    if found is None:
        return redirect(url_for("privacy.index"), 303)
    db.session.close()
    try:
        give_back = services().downloads.take(found.tenant_id, current_user.id)
    except NoSlot as error:
        return error_response(
            429 if error.scope == "user" else 503, BUSY[error.scope], {"Retry-After": str(RETRY_SECONDS)}
        )
    try:
        file = Export(_read, found)
        with driver_connection() as conn:
            details = {"what": found.kind}
            record(conn, Kind.PRIVACY_EXPORT, tenant_id=found.tenant_id, subject_id=found.user_id, details=details)
        db.session.commit()
    except BaseException:
        give_back()
        raise
    headers = {"Content-Disposition": f'attachment; filename="{file.file_name}"'}
    response = Response(stream_with_context(_sent(file, give_back)), content_type="application/zip", headers=headers)
    response.call_on_close(give_back)
    return response


@bp.post("/erasures")
def erase() -> ResponseReturnValue:
    """Begin an erasure. The name has to be typed, so that no click on the wrong page begins one."""
    found = _asked(request.form)
    if found is None:
        return redirect(url_for("privacy.index"), 303)
    problem = _refusal(found)
    if problem:
        return _subject_page(found, problem), 422
    if found.user_id is not None:
        try:
            UserChange(found.tenant_id, current_user.id, found.user_id).check_erasure(db.session())
        except RefusedChange as refused:
            db.session.rollback()
            return _subject_page(found, str(refused)), 409
        except UnknownUser:
            abort(404)
    with driver_connection() as conn:
        job = (requests.erase_user if found.is_user else requests.erase_customer)(conn, found, current_user.id)
    db.session.commit()
    _announce()
    if found.is_user:
        services().users.forget(cast(int, found.user_id))
        notices.sessions_ended(services().redis)
        notices.tenant_changed(services().redis, found.tenant_id)
    flash(_("The erasure has begun. The name becomes “%(pseudonym)s”.", pseudonym=job.pseudonym), "success")
    return redirect(url_for("privacy.index"), 303)


@bp.post("/erasures/<int:job_id>/retry")
def retry(job_id: int) -> ResponseReturnValue:
    with driver_connection() as conn:
        jobs.retry(conn, current_tenant().id, job_id)
    db.session.commit()
    _announce()
    return redirect(url_for("privacy.index"), 303)


def _announce() -> None:
    with driver_connection() as conn:
        announce(conn, services().redis, current_tenant().id)


def _asked(form: Any) -> Subject | None:
    """The subject of a form or an address. A user of another tenant ends the request with 404."""
    also = requests.with_also(form.get("also", "")[: TEXT_MAX_CHARS * 20])
    tenant_id = current_tenant().id
    with driver_connection() as conn:
        if user := form.get("user", ""):
            if not (user.isdecimal() and len(user) <= 18):
                abort(404)
            found = subjects.user(conn, tenant_id, int(user), also)
            if found is None:
                abort(404)
            return found
        name = form.get("customer", "").strip()
        if len(fold(name)) < MIN_CHARS or len(name) > TEXT_MAX_CHARS or "\0" in name:
            flash(
                _("Enter a customer's name of %(least)s to %(most)s characters.", least=MIN_CHARS, most=TEXT_MAX_CHARS),
                "danger",
            )
            return None
        return subjects.customer(conn, tenant_id, name, also)


def _refusal(found: Subject) -> str:
    if fold(request.form.get("typed", "")) != fold(found.title):
        return _("Type the name “%(name)s” to confirm.", name=found.title)
    if found.user_id == current_user.id:
        return _("You cannot erase yourself. Ask another admin to do it.")
    if len(found.spellings) > MAX_NAMES:
        return _("Enter at most %(most)s other spellings.", most=MAX_NAMES)
    return ""


def _subject_page(found: Subject | None, problem: str = "") -> str | Response:
    if found is None:
        return cast(Response, redirect(url_for("privacy.index"), 303))
    with driver_connection() as conn:
        counts = records.count(conn, Search.of(conn, found))
        context = overview.read(conn, found)
    return render_template(
        "pages/privacy_subject.html",
        tenant=current_tenant(),
        subject=found,
        counts=overview.labelled(counts),
        context=context,
        problem=problem,
        typed=request.form.get("typed", ""),
        also=(request.form if request.method == "POST" else request.args).get("also", ""),
        is_self=found.user_id == current_user.id,
    )


def _users() -> list[User]:
    mine = select(User).where(User.tenant_id == current_tenant().id).order_by(User.name, User.id)
    return list(db.session.scalars(mine))


def _read(function: Callable[[psycopg.Connection[Any]], T]) -> T:
    """Run a function with a connection, in a transaction of its own."""
    try:
        with driver_connection() as conn:
            return function(conn)
    finally:
        db.session.close()


def _sent(file: Export, give_back: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from (piece for piece in file.pieces() if piece)
    finally:
        give_back()
