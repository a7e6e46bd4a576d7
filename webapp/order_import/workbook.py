"""A sheet of an Excel workbook (.xlsx) as a stream of records, with the numbers of its rows.

openpyxl reads a sheet as a stream; its strings are in memory. Numbers and dates become the texts that the parsers read.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..language import gettext as _
from . import preface, workbook_limits
from .errors import FileRefused
from .value_style import AUTO, COMMA, POINT

HEAD_ROWS = 50
MAX_ROWS = 1_048_576  # Excel's own limit
# Names of columns that show which sheet has the orders.
MIN_KNOWN_NAMES = 2
PROGRESS_ROWS = 1_000


@dataclass(frozen=True)
class Workbook:
    """The way to read one sheet: its records begin at row `first_line`, the header's.

    `decimal` is the mark that numbers are written with, POINT or COMMA; with AUTO they are left out.
    """

    path: Path
    # openpyxl's workbook, which is open as long as this object exists.
    book: Any = field(compare=False, repr=False)
    sheet: str = ""
    first_line: int = 1
    decimal: str = POINT
    # Of a report of rejected rows, which is a CSV file for a spreadsheet.
    encoding: str = "utf-8-sig"
    delimiter: str = ","

    @classmethod
    def open(cls, path: Path, sheet: str | None, header_line: int | None, expected: Iterable[str]) -> Workbook:
        """Find the sheet and its header: without a name, the first visible sheet with usual names of columns.

        Raises FileRefused.
        """
        workbook_limits.check(path)
        book = cls(path, _loaded(path))
        if sheet is not None and sheet not in book.book.sheetnames:
            raise FileRefused(
                _(
                    "%(path)s has no sheet %(sheet)r; it has %(sheetnames)s.",
                    path=path,
                    sheet=sheet,
                    sheetnames=", ".join(book.book.sheetnames),
                )
            )
        visible = [page.title for page in book.book.worksheets if page.sheet_state == "visible"]
        names = visible if sheet is None else [sheet]
        filled: list[Workbook] = []
        for name in names:
            records = list(
                itertools.islice(replace(book, sheet=name, first_line=header_line or 1).records(), HEAD_ROWS)
            )
            if not records:
                continue
            line, cells = records[0] if header_line else preface.header_of(records, expected)
            filled.append(replace(book, sheet=name, first_line=line))
            if preface.known_names(cells) >= MIN_KNOWN_NAMES:
                return filled[-1]
        if not filled:
            where = _("its sheet %(sheet)r", sheet=sheet) if sheet else _("its visible sheets")
            raise FileRefused(
                _(
                    "%(path)s has no rows in %(where)s. Name another with --sheet, or save it as CSV UTF-8.",
                    path=path,
                    where=where,
                )
            )
        return filled[0]

    def with_decimal(self, decimal: str) -> Workbook:
        """The workbook whose numbers are written with that mark, as its texts are."""
        return replace(self, decimal=decimal)

    def records(self, progress: Callable[[int], None] | None = None) -> Iterator[tuple[int, list[str]]]:
        """Every non-blank row from the header on, as wide as the header or wider. `progress` gets bytes, estimated.

        Raises FileRefused when the sheet cannot be read.
        """
        size, width = self.path.stat().st_size, 0
        rows, total = self._rows()
        for number, values in enumerate(self._checked(rows), 1):
            if progress and number % PROGRESS_ROWS == 0:
                progress(size * min(number, total) // total)
            if number < self.first_line:
                continue
            cells = [self._text(value) for value in values]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                width = width or len(cells)
                yield number, [*cells, *[""] * (width - len(cells))]
        if progress:
            progress(size)

    def _rows(self) -> tuple[Iterator[tuple[Any, ...]], int]:
        sheet = self.book[self.sheet]
        total = sheet.max_row or 1
        # The size that a sheet gives is often wrong.
        sheet.reset_dimensions()
        return sheet.iter_rows(values_only=True), max(total, 1)

    def _checked(self, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        for number in itertools.count(1):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    row = next(rows, None)
            # openpyxl raises errors of any type for a damaged sheet.
            except Exception as error:
                raise _unreadable(self.path, error) from error
            if row is None:
                return
            if number > MAX_ROWS:
                raise FileRefused(
                    _(
                        "%(path)s has more than %(max_rows)s rows in its sheet %(sheet)r; split it.",
                        path=self.path,
                        max_rows=f"{MAX_ROWS:,}",
                        sheet=self.sheet,
                    )
                )
            yield row

    def _text(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, str):
            return value.replace("_x000D_", "")
        if isinstance(value, bool):
            return str(value).upper()
        if isinstance(value, int | float):
            return "" if self.decimal == AUTO else _number(value, self.decimal)
        if isinstance(value, datetime):
            # A date has no time of its own.
            return str(value.date() if value.time() == datetime.min.time() else value)
        return value.isoformat() if isinstance(value, date) else str(value)


def _loaded(path: Path) -> Any:
    try:
        import openpyxl
    except ImportError:
        raise FileRefused(
            _(
                "%(path)s is an Excel workbook, and openpyxl, which reads it, is not installed. Run: pip install "
                "-r requirements/xlsx.txt, or save the sheet of orders as CSV UTF-8.",
                path=path,
            )
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Of a file object, openpyxl does not check the name's ending.
            return openpyxl.load_workbook(path.open("rb"), read_only=True, data_only=True, keep_links=False)
    # openpyxl raises errors of any type for a damaged workbook.
    except Exception as error:
        raise _unreadable(path, error) from error


def _number(value: float, decimal: str) -> str:
    """The number with 15 digits, as Excel shows it, and without an exponent."""
    text = f"{Decimal(f'{value:.15g}'):f}" if isinstance(value, float) else str(value)
    return text.replace(".", ",") if decimal == COMMA else text


def _unreadable(path: Path, error: Exception) -> FileRefused:
    reason = str(error).partition("\n")[0][:200] or type(error).__name__
    return FileRefused(
        _(
            "%(path)s is an Excel workbook (.xlsx) that cannot be read (%(reason)s): open it and save the "
            "sheet of orders as CSV UTF-8.",
            path=path,
            reason=reason,
        )
    )
