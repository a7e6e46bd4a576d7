"""The filter in the address of the audit log: read strictly, with a message for each value that is not valid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ..audit.kinds import Kind
from ..history import ranges
from ..language import gettext as _
from ..models import Tenant
from ..queries.audit_log import NO_USER, AuditFilter
from ..queries.day import midnight, today

NAMES = ("person", "kind", "range", "from", "to", "address", "subject")
PRESETS = {name: ranges.PRESETS[name] for name in ("today", "yesterday", "last_7", "last_30", "month", "last_month")}
# In place of a user's id.
NO_PERSON = "none"
MAX_CHARS = 200
YEARS = range(1970, 9000)
DAY = timedelta(days=1)


@dataclass
class AuditRequest:
    """The filter of an address. `typed` has its parameters as they were written, without empty ones.

    `problems` has a message per parameter that is not valid; it is then missing in the filter.
    """

    typed: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)
    filter: AuditFilter = field(default_factory=AuditFilter)


def parse(written: Mapping[str, str], tenant: Tenant, now: datetime) -> AuditRequest:
    typed = {name: written.get(name, "").replace("\0", "").strip()[:MAX_CHARS] for name in NAMES}
    asked = AuditRequest({name: text for name, text in typed.items() if text})
    start, end = _times(asked, tenant, now)
    asked.filter = AuditFilter(
        kind=_kind(asked),
        actor_id=_person(asked),
        address=asked.typed.get("address", ""),
        subject=asked.typed.get("subject", ""),
        start=start,
        end=end,
    )
    return asked


def _kind(asked: AuditRequest) -> str:
    kind = asked.typed.get("kind", "")
    if kind and kind not in set(Kind):
        asked.problems["kind"] = _("The action '%(text)s' is not valid. Choose one from the list.", text=kind[:80])
        return ""
    return kind


def _person(asked: AuditRequest) -> int | None:
    person = asked.typed.get("person", "")
    if person == NO_PERSON:
        return NO_USER
    if not person:
        return None
    if not (person.isascii() and person.isdigit() and len(person) <= 18 and int(person)):
        asked.problems["person"] = _("The user '%(text)s' is not valid. Choose one from the list.", text=person[:80])
        return None
    return int(person)


def _times(asked: AuditRequest, tenant: Tenant, now: datetime) -> tuple[datetime | None, datetime | None]:
    """The instants of the typed days, which are more exact than a preset, or of the preset; in the tenant's zone."""
    zone, day = ZoneInfo(tenant.timezone), today(tenant.timezone, now).date
    if "from" in asked.typed or "to" in asked.typed:
        asked.typed.pop("range", None)
    preset = asked.typed.get("range", "")
    if preset and preset not in PRESETS:
        names = ", ".join(PRESETS)
        asked.problems["range"] = _(
            "The period '%(text)s' is not valid. Use one of: %(allowed)s.", text=preset[:80], allowed=names
        )
    elif preset:
        found = ranges.of_preset(preset, day)
        return midnight(found.first, zone), midnight(found.end, zone)
    first, last = (_day(asked, name, day) for name in ("from", "to"))
    if first and last and first > last:
        asked.problems["to"] = _(
            "The dates end at %(end)s, before %(start)s. Choose a later end.",
            end=asked.typed["to"],
            start=asked.typed["from"],
        )
        last = None
    return midnight(first, zone) if first else None, midnight(last + DAY, zone) if last else None


def _day(asked: AuditRequest, name: str, example: date) -> date | None:
    text = asked.typed.get(name, "")
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
        if str(found) != text or found.year not in YEARS:
            raise ValueError
    except ValueError:
        asked.problems[name] = _(
            "The date '%(text)s' is not valid. Write it like %(day)s.", text=text[:40], day=example
        )
        return None
    return found
