"""The input file as a stream of rows, each with the number of its first line. Reading it twice costs no memory."""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from pathlib import Path

from . import file_types
from .errors import FileRefused
from .export_header import is_our_own
from .formula_escape import unescape

SNIFFED_DELIMITERS = (",", ";", "\t")
# A header may contain quoted line breaks, but not that many.
SNIFF_LINES = 50
# The first columns of a report of rejected rows; no field has these names.
REPORT_COLUMNS = ("rejected_line", "rejected_number", "rejected_reason")
# Encodings that need a byte order mark at the start of the file.
ENCODINGS_WITH_BOM = ("utf-16", "utf-32")
# Lines between two progress reports: cheap, and still visibly moving.
PROGRESS_LINES = 5_000


@dataclass(frozen=True)
class OrdersFile:
    """A CSV file and its header; the rows are read with the same `encoding` and `delimiter`. `size` is in bytes."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    size: int

    @classmethod
    def open(cls, path: Path, encoding: str = "utf-8", delimiter: str | None = None) -> OrdersFile:
        """Read the header. Raises FileRefused when the file, its encoding, the delimiter or the header cannot be used."""
        size = _size(path)
        if what := file_types.describe(path):
            raise FileRefused(f"{path} is {what}.")
        encoding = _checked_encoding(path, encoding)
        delimiter = _checked_delimiter(delimiter) if delimiter is not None else _sniff(path, encoding)
        _, header = next(_records(path, encoding, delimiter, None), (0, []))
        if not header:
            raise FileRefused(f"{path} is empty; its first row must name the columns, such as number,customer,total.")
        return cls(path, encoding, delimiter, tuple(name.strip() for name in header), size)

    def rows(self, progress: Callable[[int], None] | None = None) -> Iterator[tuple[int, list[str]]]:
        """Every non-blank row after the header, with the number of its first line. `progress` gets the bytes read so far.

        The cells of a corrected report and of a downloaded list are unescaped. Raises FileRefused at a wrong encoding or an
        unclosed quote, because the rest of the file cannot be trusted.
        """
        rows = itertools.islice(_records(self.path, self.encoding, self.delimiter, progress), 1, None)
        if self.header[: len(REPORT_COLUMNS)] != REPORT_COLUMNS and not is_our_own(self.header):
            return rows
        return ((line, [unescape(cell) for cell in cells]) for line, cells in rows)


def _records(
    path: Path, encoding: str, delimiter: str, progress: Callable[[int], None] | None
) -> Iterator[tuple[int, list[str]]]:
    begin = 1
    with path.open("rb") as raw, TextIOWrapper(raw, encoding, newline="") as text:
        reader = csv.reader(_lines(text, raw, path, progress), delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                if any(cells):
                    yield begin, cells
                begin = reader.line_num + 1
        except csv.Error as error:
            raise FileRefused(
                f"{path} line {begin}: {error}. A quote there is probably not closed or not doubled. Fix that row: "
                "the rows after it cannot be read reliably."
            ) from error
        except UnicodeError as error:
            raise FileRefused(_wrong_encoding(path, encoding)) from error


def _lines(
    text: TextIOWrapper, raw: BufferedReader, path: Path, progress: Callable[[int], None] | None
) -> Iterator[str]:
    for number, line in enumerate(text, 1):
        # PostgreSQL's text cannot contain NUL, and no CSV file uses it.
        if "\0" in line:
            raise FileRefused(_nul_message(path, number))
        if progress and number % PROGRESS_LINES == 0:
            progress(raw.tell())
        yield line
    if progress:
        progress(raw.tell())


def _nul_message(path: Path, number: int) -> str:
    if guess := _utf16_without_bom(path):
        return f"{path} looks like UTF-16 without a byte order mark; use --encoding {guess}."
    return (
        f"{path} line {number} contains a NUL byte, which text cannot have. Remove it, or name the file's encoding with "
        "--encoding."
    )


def _utf16_without_bom(path: Path) -> str | None:
    """The kind of UTF-16 if every other byte at the start is 0, as in ASCII text; else None."""
    with path.open("rb") as raw:
        head = raw.read(16)
    even, odd = head[0::2], head[1::2]
    if len(head) >= 4 and not any(odd) and all(even):
        return "utf-16-le"
    return "utf-16-be" if len(head) >= 4 and not any(even) and all(odd) else None


def _size(path: Path) -> int:
    try:
        if path.is_dir():
            raise FileRefused(f"{path} is a folder; give the path of one CSV file.")
        if path.exists() and not path.is_file():
            raise FileRefused(f"{path} is not a regular file; save the rows to a file first, because it is read twice.")
        with path.open("rb"):
            return path.stat().st_size
    except FileNotFoundError:
        raise FileRefused(f"There is no file {path}; give the path of a CSV file.") from None
    except OSError as error:
        raise FileRefused(f"{path} cannot be read: {error.strerror}.") from error


def _checked_encoding(path: Path, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        # Fails for codecs that do not encode text, such as hex.
        "".encode(name)
    except (LookupError, UnicodeError):
        raise FileRefused(
            f"--encoding {encoding!r} is unknown; allowed: utf-8, cp1252, utf-16 and others that Python can decode."
        ) from None
    with path.open("rb") as raw:
        head = raw.read(len(codecs.BOM_UTF32_LE))
    has_bom = head.startswith(codecs.BOM_UTF8)
    if (
        name in ENCODINGS_WITH_BOM
        and head
        and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))
    ):
        guess = _utf16_without_bom(path) or f"{name}-le or {name}-be"
        raise FileRefused(f"{path} has no byte order mark, so {name} is ambiguous; use --encoding {guess}.")
    # Excel writes a byte order mark; it is not part of the first column's name.
    return "utf-8-sig" if name == "utf-8" and has_bom else name


def _wrong_encoding(path: Path, encoding: str) -> str:
    shown = encoding.removesuffix("-sig")
    with path.open("rb") as raw:
        if raw.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return f"{path} is UTF-16, not {shown}; use --encoding utf-16."
        if shown.startswith(ENCODINGS_WITH_BOM):
            return f"{path} is not valid {shown}, or is truncated; name its encoding with --encoding."
        raw.seek(0)
        for number, line in enumerate(raw, 1):
            try:
                line.decode(encoding)
            except UnicodeError as error:
                if not isinstance(error, UnicodeDecodeError):
                    break
                byte = line[error.start]
                return (
                    f"{path} line {number} is not valid {shown} (byte 0x{byte:02X}). Save the file as UTF-8, or name its "
                    "encoding, such as --encoding cp1252 for Excel on Windows."
                )
    return f"{path} is not valid {shown}; name its encoding with --encoding."


def _checked_delimiter(delimiter: str) -> str:
    given, delimiter = delimiter, {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
    try:
        csv.reader([], delimiter=delimiter)
    except (TypeError, ValueError, csv.Error):  # some characters are not allowed
        delimiter = ""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise FileRefused(f"--delimiter {given!r} is not one character; allowed: , ; | tab and similar.")
    return delimiter


def _sniff(path: Path, encoding: str) -> str:
    """The delimiter that splits the header into the most columns."""
    with path.open("rb") as raw, TextIOWrapper(raw, encoding, newline="") as text:
        try:
            head = [line for line in itertools.islice(text, SNIFF_LINES) if line.strip()]
        except UnicodeError as error:
            raise FileRefused(_wrong_encoding(path, encoding)) from error
    try:
        return max(SNIFFED_DELIMITERS, key=lambda delimiter: len(next(csv.reader(head, delimiter=delimiter), [])))
    except csv.Error as error:
        raise FileRefused(f"{path} line 1: {error}. The first row must name the columns.") from error
