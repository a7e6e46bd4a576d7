"""The parts of the page of privacy that concern the company: how long orders are kept, and its deletion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..accounts import own_password
from ..accounts.current import current_tenant
from ..accounts.sign_in import SignInFailed, SignInRefused
from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db, driver_connection
from ..language import gettext as _
from ..privacy import deletion, retention
from ..privacy.retention import MAX_MONTHS, MIN_MONTHS, RetentionRule
from ..services import services
from ..signals import notices
from . import sign_in_steps


def add_to(bp: Blueprint) -> None:
    bp.post("/retention")(save_retention)
    bp.post("/deletion")(delete_company)
    bp.post("/deletion/cancellation")(keep_company)


def values(args: Mapping[str, str]) -> dict[str, Any]:
    """The values of the template. With `months` in the address, the orders that this rule would remove are counted."""
    tenant = current_tenant()
    present = RetentionRule(tenant.id, tenant.orders_keep_months or 0, tenant.orders_open_kept)
    found: dict[str, Any] = {"rule": present, "min_months": MIN_MONTHS, "max_months": MAX_MONTHS, "planned": None}
    found |= {
        "max_counted": retention.MAX_COUNTED,
        "grace_days": deletion.GRACE_DAYS,
        "has_password": own_password.has_password(current_user),
    }
    months = _months(args.get("months", ""))
    if months:
        planned = RetentionRule(tenant.id, months, args.get("open", "") != "removed")
        with driver_connection() as conn:
            found |= {
                "planned": planned,
                "count": retention.count(conn, planned),
                "cutoff": retention.cutoff(conn, planned),
            }
    elif args.get("months"):
        flash(
            _(
                "The number of months “%(value)s” is not valid. Enter %(least)s to %(most)s.",
                value=args["months"][:20],
                least=MIN_MONTHS,
                most=MAX_MONTHS,
            ),
            "danger",
        )
    return found


def save_retention() -> ResponseReturnValue:
    """Save the rule that was shown with its count, or `forever`."""
    tenant = current_tenant()
    is_forever = "forever" in request.form
    months = None if is_forever else _months(request.form.get("months", ""))
    if months is None and not is_forever:
        return redirect(url_for("privacy.index", months=request.form.get("months", "x")[:20]) + "#retention", 303)
    open_kept = request.form.get("open", "") != "removed"
    statement = "UPDATE tenants SET orders_keep_months = %s, orders_open_kept = %s WHERE id = %s"
    with driver_connection() as conn:
        conn.execute(statement, [months, open_kept, tenant.id])
        details = {"months": months, "open_orders": "kept" if open_kept else "removed"}
        record(conn, Kind.RETENTION_CHANGED, tenant_id=tenant.id, details=details)
    db.session.commit()
    _forget_tenant(tenant.id)
    flash(
        _("Orders are kept for ever.")
        if months is None
        else _("Old orders are removed within an hour, then once per day."),
        "success",
    )
    return redirect(url_for("privacy.index") + "#retention", 303)


def delete_company() -> ResponseReturnValue:
    """Schedule the deletion: the company's short name and the admin's password have to be typed."""
    tenant = current_tenant()
    problem = _refusal(tenant.slug)
    if not problem:
        try:
            with driver_connection() as conn:
                job = deletion.schedule(conn, tenant.id, current_user.id)
                details = {"deletion": job.due_at.isoformat()}
                record(conn, Kind.SETTINGS_CHANGED, tenant_id=tenant.id, details=details)
            db.session.commit()
        except deletion.TablesAttached as error:
            db.session.rollback()
            problem = _(
                "Remove the attached tables first: %(names)s. They write orders of this company.", names=str(error)
            )
    if problem:
        flash(problem, "danger")
    else:
        _forget_tenant(tenant.id)
        notices.sessions_ended(services().redis)
        flash(
            _("The company is deleted in %(days)s days. Only admins can sign in until then.", days=deletion.GRACE_DAYS),
            "success",
        )
    return redirect(url_for("privacy.index") + "#deletion", 303)


def keep_company() -> ResponseReturnValue:
    tenant = current_tenant()
    with driver_connection() as conn:
        is_kept = deletion.cancel(conn, tenant.id)
        if is_kept:
            record(conn, Kind.SETTINGS_CHANGED, tenant_id=tenant.id, details={"deletion": None})
    db.session.commit()
    _forget_tenant(tenant.id)
    if is_kept:
        flash(_("The company is kept. Everyone can sign in again."), "success")
    else:
        flash(_("No deletion is scheduled that could be undone."), "danger")
    return redirect(url_for("privacy.index"), 303)


def _refusal(slug: str) -> str:
    if request.form.get("typed", "").strip() != slug:
        return _("Type the short name “%(slug)s” to confirm.", slug=slug)
    if not own_password.has_password(current_user):
        return _("Your account has no password. Ask your Doorbell administrator to delete the company.")
    db.session.close()
    try:
        # With the limits of a sign-in, so that an open page is no way to guess the password.
        services().sign_ins.sign_in(current_user.email, request.form.get("password", ""), sign_in_steps.client())
    except SignInRefused as refused:
        return refused.text
    except SignInFailed:
        return _("The password is not yours. Enter the password with which you sign in.")
    return ""


def _months(written: str) -> int | None:
    if not (written.isascii() and written.isdecimal() and len(written) <= 4):
        return None
    return int(written) if MIN_MONTHS <= int(written) <= MAX_MONTHS else None


def _forget_tenant(tenant_id: int) -> None:
    services().users.forget_tenant(tenant_id)
    notices.tenant_changed(services().redis, tenant_id)
