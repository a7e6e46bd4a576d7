"""Cells and rows of the CSV files: plain amounts, times in the tenant's zone, and texts that no spreadsheet computes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from ..order_import.formula_escape import escape

# Excel reads a CSV file as UTF-8 only with a byte order mark.
BOM = b"\xef\xbb\xbf"
_MINUTE = timedelta(minutes=1)


def encode(rows: Iterable[Sequence[str]]) -> bytes:
    """The rows as CSV in UTF-8, without a byte order mark."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([escape(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def moment(at: datetime | None, zone: ZoneInfo) -> str:
    """The time with its offset, `2026-11-26 14:30:05+01:00`; "" without a time.

    It is in the zone, or in UTC where the zone's offset had seconds, which the import and PostgreSQL's clients do not read.
    """
    if at is None:
        return ""
    local = at.astimezone(zone)
    if (local.utcoffset() or timedelta()) % _MINUTE:
        local = at.astimezone(UTC)
    return local.isoformat(sep=" ")


def quantity(number: Decimal) -> str:
    """The number without trailing zeros: `2`, `1.5`."""
    return f"{number.normalize():f}"
