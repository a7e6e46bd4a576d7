"""The input file: its kind, its header, and its rows with the number of each one's first line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..language import gettext as _
from . import encodings, file_types
from .csv_file import CsvFile
from .errors import FileRefused
from .export_header import is_our_own
from .formula_escape import unescape
from .workbook import Workbook

# The first columns of a report of rejected rows; no field has these names.
REPORT_COLUMNS = ("rejected_line", "rejected_number", "rejected_reason")
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}


@dataclass(frozen=True)
class OrdersFile:
    """A CSV file or a sheet of a workbook, and its header. `size` is in bytes."""

    path: Path
    source: CsvFile | Workbook
    header: tuple[str, ...]
    size: int

    @classmethod
    def open(
        cls,
        path: Path,
        encoding: str = encodings.AUTO,
        delimiter: str | None = None,
        header_line: int | None = None,
        sheet: str | None = None,
        expected: Iterable[str] = (),
    ) -> OrdersFile:
        """Read the header. `expected` are columns that the caller names; they help to find it below other lines.

        Raises FileRefused when the file, its encoding, the delimiter or the header cannot be used.
        """
        size = _size(path)
        if header_line is not None and header_line < 1:
            raise FileRefused(
                _(
                    "--header-line %(header_line)s is not the number of a line; allowed: 1 or more.",
                    header_line=header_line,
                )
            )
        source: CsvFile | Workbook
        if file_types.is_workbook(path):
            source = Workbook.open(path, sheet, header_line, expected)
        else:
            if what := file_types.describe(path):
                raise FileRefused(_("%(path)s is %(what)s.", path=path, what=what))
            if sheet is not None:
                raise FileRefused(
                    _(
                        "--sheet %(sheet)r names a sheet of a workbook (.xlsx), and %(path)s is a text file; omit it.",
                        sheet=sheet,
                        path=path,
                    )
                )
            source = CsvFile.open(path, encoding, delimiter, header_line, expected)
        line, header = next(source.records(), (0, []))
        if not header or (header_line is not None and line != header_line):
            raise FileRefused(_no_header(path, header_line))
        return cls(path, source, tuple(name.strip() for name in header), size)

    @property
    def is_workbook(self) -> bool:
        return isinstance(self.source, Workbook)

    @property
    def encoding(self) -> str:
        """The encoding of the file, and of a report beside it."""
        return self.source.encoding

    @property
    def delimiter(self) -> str:
        return self.source.delimiter

    @property
    def read_as(self) -> str:
        """The findings about the file, to be shown: `Windows-1252, semicolons, header on line 4`."""
        if isinstance(self.source, Workbook):
            how = _("Excel workbook, sheet %(sheet)r", sheet=self.source.sheet)
        else:
            delimiter = _DELIMITERS.get(self.delimiter, repr(self.delimiter))
            how = f"{encodings.shown(self.encoding)}, {delimiter}"
        line = self.source.first_line
        return (
            how
            if line == 1
            else _("%(how)s, header on line %(line)s: the lines above it are not read", how=how, line=line)
        )

    def with_decimal(self, decimal: str) -> OrdersFile:
        """The file whose numbers, if it is a workbook, are written with that decimal mark; with AUTO they are left out."""
        return replace(self, source=self.source.with_decimal(decimal)) if isinstance(self.source, Workbook) else self

    def rows(self, progress: Callable[[int], None] | None = None) -> Iterator[tuple[int, list[str]]]:
        """Every non-blank row after the header, with the number of its first line. `progress` gets the bytes read so far.

        The cells of a corrected report and of a downloaded list are unescaped. Raises FileRefused at a wrong encoding or an
        unclosed quote, because the rest of the file cannot be trusted.
        """
        rows = self.source.records(progress)
        next(rows, None)
        if self.header[: len(REPORT_COLUMNS)] != REPORT_COLUMNS and not is_our_own(self.header):
            return rows
        return ((line, [unescape(cell) for cell in cells]) for line, cells in rows)


def _no_header(path: Path, header_line: int | None) -> str:
    if header_line is None or header_line == 1:
        return f"{path} is empty; its first row must name the columns, such as number,customer,total."
    return (
        f"{path} has no row that begins on line {header_line}; give the line of the columns' names with --header-line."
    )


def _size(path: Path) -> int:
    try:
        if path.is_dir():
            raise FileRefused(_("%(path)s is a folder; give the path of one CSV file.", path=path))
        if path.exists() and not path.is_file():
            raise FileRefused(
                _("%(path)s is not a regular file; save the rows to a file first, because it is read twice.", path=path)
            )
        with path.open("rb"):
            return path.stat().st_size
    except FileNotFoundError:
        raise FileRefused(_("There is no file %(path)s; give the path of a CSV file.", path=path)) from None
    except OSError as error:
        raise FileRefused(_("%(path)s cannot be read: %(strerror)s.", path=path, strerror=error.strerror)) from error
