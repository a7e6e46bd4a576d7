"""Finding the header below lines of a report's title, as marketplaces write them above the table.

The header is nearly always the first row. A row below is taken only if the first is much narrower than the table, or names no
column and the other names several.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .columns import FIELDS, plain

# A record with the number of its first line.
Record = tuple[int, list[str]]
MAX_NAME_CHARS = 80
# So many known names show a header, whatever is above it.
SURE_NAMES = 3
_KNOWN = frozenset(plain(name) for names in FIELDS.values() for name in names)
# Numbers, dates, addresses: not names of columns.
_VALUE = re.compile(r"[\W\d_]*|[0-9]+[-/.,: ].*|.*@.*|https?:.*", re.DOTALL)


def header_of(records: list[Record], expected: Iterable[str] = ()) -> Record:
    """The record that names the columns. `expected` are names that it has, such as those of --map."""
    known = _KNOWN | {plain(name) for name in expected}
    scores = [_score(cells, known) for _line, cells in records]
    widest = max(len(filled(cells)) for _line, cells in records)
    best = max(range(len(records)), key=lambda place: (*scores[place], -place))
    first, found = scores[0], scores[best]
    is_narrow = len(filled(records[0][1])) * 2 <= widest
    is_sure = found[0] >= SURE_NAMES and not first[0]
    return records[best] if found[1] and (is_narrow or is_sure) else records[0]


def known_names(cells: list[str]) -> int:
    """How many cells are usual names of columns."""
    return _score(cells, _KNOWN)[0]


def filled(cells: list[str]) -> list[str]:
    return [cell for cell in cells if cell.strip()]


def _score(cells: list[str], known: frozenset[str]) -> tuple[int, int]:
    """The known names, and the width, of a record that can be a header; (0, 0) for another one."""
    names = filled(cells)
    plains = {plain(name) for name in names}
    is_header = len(names) > 1 and len(plains) > len(names) // 2
    if not is_header or any(len(name) > MAX_NAME_CHARS or _VALUE.fullmatch(name.strip()) for name in names):
        return 0, 0
    return len(plains & known), len(names)
