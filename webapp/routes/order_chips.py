"""The active filters of the orders page as words, each with the address that removes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel.dates import format_datetime
from flask import url_for

from ..accounts.current import current_locale, current_tenant
from ..db import db
from ..display.filters import date_text, money_text, source_text
from ..display.order_labels import KIND_LABELS, STATUS_LABELS
from ..language import gettext as _
from ..models import User
from ..queries.order_filter import UNASSIGNED, Filter
from .order_parameters import PRESETS, OrderParameters

DATES = ("by", "range", "from", "to")


@dataclass(frozen=True)
class Chip:
    """An active filter: "Status", "Paid". `without` is the address of the list without it."""

    label: str
    value: str
    without: str


def chips(asked: OrderParameters) -> list[Chip]:
    """The active filters, in the order of the page's fields."""
    found: list[Chip] = []
    for label, value, names in _active(asked):
        kept: dict[str, Any] = {name: text for name, text in asked.typed.items() if name not in names}
        found.append(Chip(label, value, url_for("orders.index", **kept)))
    return found


def _active(asked: OrderParameters) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    wanted = asked.filter
    if wanted.words:
        yield _("Search"), wanted.words, ("q",)
    if "time" in wanted.fields:
        yield str(KIND_LABELS[wanted.by]), _dates(asked), DATES
    if wanted.status:
        yield _("Status"), str(STATUS_LABELS[wanted.status]), ("status",)
    if wanted.owner_id is not None and "owner" in asked.typed:
        yield _("Salesperson"), _owner(wanted.owner_id), ("owner",)
    if wanted.amount_sql:
        yield _("Total"), _amounts(wanted), ("min", "max")
    if wanted.source:
        yield _("Source"), source_text(wanted.source), ("source",)


def _dates(asked: OrderParameters) -> str:
    if preset := asked.typed.get("range"):
        return str(PRESETS.get(preset, preset))
    start, end = (_moment(asked.typed.get(name, "")) for name in ("from", "to"))
    if start and end:
        return start if start == end else f"{start} – {end}"
    if start:
        return _("since %(when)s", when=start)
    return _("until %(when)s", when=end) if end else _("at any time")


def _moment(written: str) -> str:
    """A typed date or time in the words of the page's locale."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return written
    if "T" in written:
        return str(format_datetime(moment, "medium", locale=current_locale())).removesuffix(":00")
    return date_text(moment.date(), date.min)


def _owner(owner_id: int) -> str:
    if owner_id == UNASSIGNED:
        return _("Unassigned")
    found = db.session.query(User.name).where(User.tenant_id == current_tenant().id, User.id == owner_id).scalar()
    return found or _("number %(number)s", number=owner_id)


def _amounts(wanted: Filter) -> str:
    low, high = (None if minor is None else money_text(minor) for minor in (wanted.min_minor, wanted.max_minor))
    if low and high:
        return low if low == high else f"{low} – {high}"
    return _("at least %(amount)s", amount=low) if low else _("at most %(amount)s", amount=high)
