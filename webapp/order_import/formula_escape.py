"""Escaping of cells that a spreadsheet would compute as formulas when it opens the report of rejected rows.

Such a cell gets an apostrophe in front, as spreadsheets themselves mark text. The import removes it when it reads a report.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*")


def escape(cell: str) -> str:
    """The cell as text that no spreadsheet computes."""
    return "'" + cell if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def unescape(cell: str) -> str:
    """The cell as it was before `escape`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell[1:]) else cell
