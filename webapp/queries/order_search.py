"""The list of orders: filtered, searched by number, customer and salesperson, paged by key."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from ..db import db
from ..models import Tenant
from . import order_rows, order_totals, order_walk, order_words
from .order_cursor import END, CursorInvalid, PageCursor
from .order_filter import ALL, Filter, both
from .order_rows import FoundOrder
from .order_totals import ListTotals
from .order_walk import FoundPlaces, first_place
from .order_words import Words

__all__ = ["ALL", "END", "CursorInvalid", "Filter", "Found", "FoundOrder", "FoundPlaces", "PageCursor", "find", "read"]

PAGE_ROWS = 50
MAX_SECONDS = 3  # statement timeout of the list
# The newest orders that a search reads before it uses the index of words; about 4 ms.
WALK_ROWS = 400
# After this time a search stops, and its next page continues from there.
SEARCH_MS = 22
# Orders with the words, per look, of which the rest of the filter may exclude most.
LOOK_ROWS = 400
# A search by words counts so many orders.
COUNTED_WITH_WORDS = 200

# order_search() is in migrations/sql/0008_order_search.sql.
LOOK = """
SELECT f.id, coalesce(o.placed_at, f.placed_at) AS at, f.stopped, ({match}) AS matches
FROM order_search(:tenant, :words, :of_status, :before_at, :before_id, :look, :walk, :most_ms) AS f
LEFT JOIN orders o ON o.id = f.id AND NOT f.stopped
ORDER BY at DESC, f.id DESC
"""
# For the transaction. An index serves each statement, and workers would take longer to start than it takes.
SETTINGS = text("""
    SELECT set_config('statement_timeout', :timeout, true), set_config('enable_seqscan', 'off', true),
           set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true)
""")


@dataclass(frozen=True)
class Found:
    """A page of orders, newest first. `older` is the cursor of the next page, None on the last.

    If the search `stopped` after SEARCH_MS, the page is not full, and older orders may match. `totals` are those of all pages;
    None on the later pages of a search by words, which would have to search again for them.
    """

    orders: tuple[FoundOrder, ...]
    older: PageCursor | None
    stopped: bool = False
    totals: ListTotals | None = None


def read(tenant: Tenant, wanted: Filter = ALL, before: PageCursor | None = None) -> Found:
    """A page of the orders that match. Raises OperationalError (QueryCanceled) after MAX_SECONDS in PostgreSQL."""
    counts_words = bool(wanted.words) and before is None
    places = find(tenant.id, wanted, before, COUNTED_WITH_WORDS + 1 if counts_words else PAGE_ROWS + 1)
    page = places.found[:PAGE_ROWS]
    rows = order_rows.read(tenant, [place.id for place in page], wanted)
    totals = None
    if counts_words:
        totals = order_totals.of_places(tenant, wanted, places, COUNTED_WITH_WORDS)
    elif not wanted.words:
        totals = order_totals.read(tenant.id, wanted)
    if len(places.found) > PAGE_ROWS:
        return Found(rows, page[-1], totals=totals)
    return Found(rows, places.stopped_at, places.stopped_at is not None, totals)


def find(tenant_id: int, wanted: Filter, before: PageCursor | None, limit: int) -> FoundPlaces:
    """Up to `limit` places of the matching orders, newest first.

    Raises OperationalError (QueryCanceled) after MAX_SECONDS in PostgreSQL.
    """
    db.session.execute(SETTINGS, {"timeout": f"{MAX_SECONDS}s"})
    if not wanted.words:
        return order_walk.find(tenant_id, wanted, before, limit, SEARCH_MS)
    words = order_words.parse(tenant_id, wanted.words)
    if words.is_empty:  # only punctuation, perhaps a number
        return _by_number(tenant_id, wanted, before)
    return _by_words(tenant_id, words, wanted, first_place(_placed(wanted), before), limit)


def _placed(wanted: Filter) -> Filter:
    """A search by words is sorted by the time of placement. The dates of another time do not limit it."""
    return wanted if wanted.by == "placed" else ALL


def _by_number(tenant_id: int, wanted: Filter, before: PageCursor | None) -> FoundPlaces:
    """The order whose whole number was typed. Served by its unique index."""
    match = both("o.tenant_id = :tenant", "o.number = :number", *wanted.conditions.values(), wanted.time_sql)
    values = wanted.values | {"tenant": tenant_id, "number": wanted.words}
    rows = db.session.execute(text(f"SELECT o.placed_at, o.id FROM orders o WHERE {match}"), values)  # noqa: S608 - constants only
    places = (PageCursor(row.placed_at, row.id) for row in rows)
    return FoundPlaces(tuple(place for place in places if before is None or place < before))


def _by_words(tenant_id: int, words: Words, wanted: Filter, before: PageCursor, limit: int) -> FoundPlaces:
    """The places of a search by words, in looks of which the rest of the filter keeps a part."""
    deadline = time.monotonic() + SEARCH_MS / 1000
    # order_search() itself checks words, salesperson and one status.
    status = wanted.statuses[0] if len(wanted.statuses) == 1 else ""
    checks = wanted != Filter(wanted.words, wanted.status if status else "", wanted.owner_id)
    match = both(*wanted.conditions.values(), wanted.time_sql) if checks else "true"
    values = wanted.values | {"tenant": tenant_id, "words": words.query(wanted.owner_id), "of_status": status}
    look = max(limit, LOOK_ROWS) if checks else limit
    found: list[PageCursor] = []
    while True:
        places, matching, stopped_at = _look(match, values, before, look)
        found += matching
        is_last = stopped_at is None and len(places) < look
        if len(found) >= limit or is_last or _is_before_dates(wanted, places, stopped_at):
            return FoundPlaces(tuple(found[:limit]))
        before = stopped_at or places[-1]
        if stopped_at or time.monotonic() > deadline:
            return FoundPlaces(tuple(found), before)


def _look(
    match: str, values: dict[str, Any], before: PageCursor, limit: int
) -> tuple[list[PageCursor], list[PageCursor], PageCursor | None]:
    """The next places with the words, those of them that match the rest of the filter, and where the search stopped."""
    place = {"before_at": before.at, "before_id": before.id, "look": limit, "walk": WALK_ROWS, "most_ms": SEARCH_MS}
    rows = db.session.execute(text(LOOK.format(match=match)), values | place).all()
    places = [(PageCursor(row.at, row.id), row.matches) for row in rows if not row.stopped]
    stopped_at = next((PageCursor(row.at, row.id) for row in rows if row.stopped), None)
    return [place for place, _ in places], [place for place, matches in places if matches], stopped_at


def _is_before_dates(wanted: Filter, places: list[PageCursor], stopped_at: PageCursor | None) -> bool:
    """Whether a search sorted by placement has left the dates of the filter."""
    if wanted.by != "placed" or wanted.start is None:
        return False
    last = stopped_at or (places[-1] if places else None)
    return last is not None and last.at < wanted.start
