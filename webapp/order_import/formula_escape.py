"""Escaping of cells that a spreadsheet would compute as formulas when it opens the report of rejected rows.

Such a cell gets an apostrophe in front, as spreadsheets themselves mark text. The import removes it when it reads a report.
A spreadsheet with another separator than the file's, such as a German Excel, also begins a cell inside of a text: behind a
semicolon, a tab or a new line. The text gets an apostrophe there too.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
# The part of a text behind which another separator would begin a formula.
_BEGINNING = r"[;\t\r\n][ \"]*'*"
_INNER = re.compile(rf"({_BEGINNING})(?=[=+\-@])")
_ESCAPED_INNER = re.compile(rf"({_BEGINNING})'(?=[=+\-@])")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*")


def escape(cell: str) -> str:
    """The cell as text that no spreadsheet computes."""
    escaped = _INNER.sub(r"\1'", cell)
    return "'" + escaped if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else escaped


def unescape(cell: str) -> str:
    """The cell as it was before `escape`."""
    is_escaped = cell.startswith("'") and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell[1:])
    return _ESCAPED_INNER.sub(r"\1", cell[1:] if is_escaped else cell)
