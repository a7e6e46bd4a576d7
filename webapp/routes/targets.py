"""The page of targets, for managers: amounts per period for the team and per person, working days, holidays."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from babel.dates import get_day_names
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..accounts.current import current_locale, current_tenant
from ..accounts.permissions import Permission
from ..display import clock
from ..display.filters import date_text
from ..language import gettext as _
from ..models import PERIODS, Tenant
from ..queries.day import today
from ..queries.target_progress import DEFINITION
from ..services import services
from ..targets import notice, settings
from . import target_form
from .access import guard
from .board import live_since
from .target_form import TargetForm

bp = Blueprint("targets", __name__, url_prefix="/targets")
guard(bp, Permission.SET_TARGETS)

# Holidays that are longer ago are not listed.
SHOWN_DAYS = 31


@bp.get("")
def index() -> str:
    return _page()


@bp.post("")
def save() -> ResponseReturnValue:
    """Save all targets and the working days, or show the page again with its errors."""
    tenant = current_tenant()
    people = settings.read(tenant.id, _today(tenant)).people
    form = target_form.parse(request.form, request.form.getlist(target_form.WORKING_DAY), tuple(people), tenant)
    if form.errors:
        return _page(form), 422
    settings.save(tenant.id, form.amounts, form.working_days)
    notice.announce(services().redis, tenant.id)
    flash(_("Saved the targets."), "success")
    return redirect(url_for("targets.index"), 303)


@bp.post("/holidays")
def add_holiday() -> ResponseReturnValue:
    tenant = current_tenant()
    texts = {name: request.form.get(name, "") for name in ("day", "name")}
    now = _today(tenant)
    day, name, errors = target_form.parse_holiday(texts["day"], texts["name"], now)
    if day and not errors and (taken := settings.add_holiday(tenant.id, day, name)):
        errors = {"day": target_form.already_holiday(day, taken, now)}
    if errors or day is None:
        return _page(holiday=texts, holiday_errors=errors), 422
    notice.announce(services().redis, tenant.id)
    flash(_("Added %(name)s on %(day)s.", name=name, day=date_text(day, now)), "success")
    return redirect(url_for("targets.index") + "#holidays", 303)


@bp.post("/holidays/<day>/removal")
def remove_holiday(day: str) -> ResponseReturnValue:
    tenant = current_tenant()
    try:
        parsed = date.fromisoformat(day)
    except ValueError:
        abort(404)
    name = settings.remove_holiday(tenant.id, parsed)
    if name:
        notice.announce(services().redis, tenant.id)
        flash(_("Removed %(name)s.", name=name), "success")
    return redirect(url_for("targets.index") + "#holidays", 303)


def _page(form: TargetForm | None = None, **values: Any) -> str:
    live_since()
    tenant = current_tenant()
    now = _today(tenant)
    found = settings.read(tenant.id, now - timedelta(days=SHOWN_DAYS))
    names = get_day_names("wide", locale=current_locale())
    return render_template(
        "pages/targets.html",
        tenant=tenant,
        today=now,
        found=found,
        form=form,
        periods=PERIODS,
        rows=[(None, _("Team")), *found.people.items()],
        weekdays=[(n, names[n - 1]) for n in range(1, 8)],
        chosen=form.working_days if form else found.working_days,
        field_name=target_form.field_name,
        definition=DEFINITION,
        **{"holiday": {}, "holiday_errors": {}, **values},
    )


def _today(tenant: Tenant) -> date:
    return today(tenant.timezone, clock.now()).date
