"""One reading of a file: its rows' parser, and what the summary says about states, times, amounts and rows left out."""

from __future__ import annotations

from collections.abc import Callable

from ...language import gettext as _
from ..cell_parsers import CellParsers
from ..errors import FileRefused
from ..row_parser import RowParser
from ..statuses import StatusReader, Words
from .generic import GENERIC
from .matching import Layout
from .rows import LEFT_OUT_ROWS, FormatRows


class Reading:
    """The parser of a layout's rows. `left_out_rows` counts the rows that are not orders."""

    def __init__(self, layout: Layout, parsers: Callable[[str | None], CellParsers], given: Words) -> None:
        """`parsers` gives the parsers for a time zone; None is the file's own. `given` are the words of --status."""
        self.layout = layout
        self.reader = StatusReader(layout.statuses, given)
        self.left_out_rows = 0
        self.rows: RowParser = (
            RowParser(layout.columns, parsers(None))
            if layout.format.name == GENERIC.name and not layout.statuses
            else FormatRows(layout, parsers, self.reader)
        )

    def require_known(self) -> None:
        """Raises FileRefused when the file had unknown status words."""
        try:
            self.reader.require_known()
        except FileRefused as refused:
            if not self.layout.format.header:
                raise
            title = self.layout.format.title
            raise FileRefused(
                _(
                    "%(refused)s If the file is not %(title)s, use --format %(name)s.",
                    refused=refused,
                    title=title,
                    name=GENERIC.name,
                )
            ) from None

    def notes(self) -> list[tuple[str, str]]:
        """(subject, text) of what was read in another way than as a plain column."""
        notes = [("status", text) for text in self.reader.summary()]
        notes += [("status", text) for text in self.reader.remarks()]
        counted = sum(self.rows.left_out[what] for what in LEFT_OUT_ROWS) if isinstance(self.rows, FormatRows) else 0
        if self.left_out_rows > counted:
            notes.append(
                ("left out", _("rows that are not orders (%(count)s)", count=f"{self.left_out_rows - counted:,}"))
            )
        if isinstance(self.rows, FormatRows):
            notes += [("left out", f"{what} ({count:,})") for what, count in self.rows.left_out.items() if count]
            notes += [
                (
                    "times",
                    _("%(what)s times are taken from %(source)s (one row)", what=what, source=source)
                    if count == 1
                    else _(
                        "%(what)s times are taken from %(source)s (%(count)s rows)",
                        what=what,
                        source=source,
                        count=f"{count:,}",
                    ),
                )
                for (what, source), count in self.rows.filled.items()
            ]
        if self.layout.format.amounts != GENERIC.amounts:
            notes.append(("amounts", self.layout.format.amounts))
        return notes
