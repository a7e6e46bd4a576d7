"""Cells that a spreadsheet would run as a formula when it opens the report of rejected rows.

They get an apostrophe in front, as spreadsheets themselves write a text; the import takes it away from a report that it reads.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*")


def neutral(cell: str) -> str:
    """The cell as a text that no spreadsheet computes."""
    return "'" + cell if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def original(cell: str) -> str:
    """The cell that `neutral` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell[1:]) else cell
