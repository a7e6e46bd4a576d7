"""The assumptions of a proposal about the columns, in words."""

from __future__ import annotations

from ..language import gettext as _
from .fields import TIME
from .mapped_sql import AttachTarget

_INTEGERS = ("smallint", "integer", "bigint")
_LOCAL = ("timestamp without time zone", "date")


def notes(target: AttachTarget, zone: str | None) -> list[str]:
    mapping, found = target.mapping, list[str]()
    types = {column.sql: column.type for column in target.table.columns}
    total = mapping.expressions.get("total", "")
    if types.get(total) in _INTEGERS:
        found.append(
            _(
                "%(column)s is %(type)s and is read as whole units. "
                "If it has cents: --map total= --map total_minor=%(column)s",
                column=total,
                type=types[total],
            )
        )
    local = [
        sql for name, sql in mapping.expressions.items() if mapping.kinds[name] == TIME and types.get(sql, "") in _LOCAL
    ]
    if local and zone is None:
        found.append(
            _(
                "%(columns)s have no offset and are read as UTC. If they are local: --zone Europe/Berlin",
                columns=", ".join(local),
            )
        )
    if not any(name in mapping for name in ("paid_at", "status")):
        found.append(
            _("No column says when an order was paid, so revenue stays 0. If one does: --map paid_at=EXPRESSION")
        )
    if "currency" not in mapping:
        currency = target.currency or _("the currency of the row's tenant")
        found.append(_("No column has the currency, so all amounts count as %(currency)s.", currency=currency))
    return found
