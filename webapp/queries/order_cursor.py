"""The place of a row in the list of orders, from which its next page is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_ID = re.compile(r"[0-9]{1,19}")


class CursorInvalid(ValueError):
    """The `before` of a URL is not a cursor of this list."""


@dataclass(frozen=True, order=True)
class PageCursor:
    """The last row of a page: the time that the list is sorted by, and the order's id. The next page begins after it.

    So a page stays the same when orders are placed meanwhile.
    """

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}_{self.id}"

    @classmethod
    def parse(cls, text: str) -> PageCursor:
        """The cursor from its text in a URL. Raises CursorInvalid."""
        at, _, order_id = text.partition("_")
        try:
            moment = datetime.fromisoformat(at)
            if moment.tzinfo is None or not _ID.fullmatch(order_id):
                raise ValueError
            cursor = cls(moment.astimezone(UTC), int(order_id))
        except (ValueError, OverflowError):
            raise CursorInvalid(text[:80]) from None
        if not 0 < cursor.id < 2**63:
            raise CursorInvalid(text[:80])
        return cursor


# Orders have times from 1900 to 9000, and ids from 1 on.
FIRST = datetime(1899, 1, 1, tzinfo=UTC)
LAST = datetime(9001, 1, 1, tzinfo=UTC)
END = PageCursor(LAST, 1)
