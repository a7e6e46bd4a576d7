"""The input as a stream of rows, each with the line it begins on. Reading it twice costs no memory."""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from pathlib import Path

from . import signatures
from .faults import FileRefused
from .formulas import original

SNIFFED = (",", ";", "\t")
SNIFF_LINES = 50  # a header may hold line breaks in quotes, but not that many
ADDED = ("rejected_line", "rejected_number", "rejected_reason")  # a report's first columns; no field is matched by them
WITH_MARK = ("utf-16", "utf-32")  # encodings whose files begin with a byte order mark
PROGRESS_LINES = 5_000  # between two reports of progress: rare enough to cost nothing, often enough to look alive


@dataclass(frozen=True)
class OrdersFile:
    """A CSV file whose header was read; its rows are read with the same `encoding` and `delimiter`. `size` is bytes."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    size: int

    @classmethod
    def open(cls, path: Path, encoding: str = "utf-8", delimiter: str | None = None) -> OrdersFile:
        """Read the header. Raises FileRefused when the file, its encoding, the delimiter or the header cannot be used."""
        size = _size(path)
        if what := signatures.what_it_is(path):
            raise FileRefused(f"{path} is {what}.")
        encoding = _known_encoding(path, encoding)
        delimiter = _one_character(delimiter) if delimiter is not None else _sniff(path, encoding)
        _, header = next(_records(path, encoding, delimiter, None), (0, []))
        if not header:
            raise FileRefused(f"{path} is empty; its first row must name the columns, such as number,customer,total.")
        return cls(path, encoding, delimiter, tuple(name.strip() for name in header), size)

    def rows(self, progress: Callable[[int], None] | None = None) -> Iterator[tuple[int, list[str]]]:
        """Every row after the header that is not blank, with its first line's number. `progress` gets bytes read so far.

        Of a mended report the cells are as they were before the report. Raises FileRefused at a place from which on the file
        cannot be trusted: wrong encoding, a quote left open.
        """
        rows = itertools.islice(_records(self.path, self.encoding, self.delimiter, progress), 1, None)
        if self.header[: len(ADDED)] != ADDED:
            return rows
        return ((line, [original(cell) for cell in cells]) for line, cells in rows)


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
                f"{path} line {begin}: {error}. A quote is probably left open or not doubled there; mend that row, "
                "since after it no row can be trusted."
            ) from error
        except UnicodeError as error:
            raise FileRefused(_not_in(path, encoding)) from error


def _lines(
    text: TextIOWrapper, raw: BufferedReader, path: Path, progress: Callable[[int], None] | None
) -> Iterator[str]:
    for number, line in enumerate(text, 1):
        if "\0" in line:  # PostgreSQL's text cannot hold it, and no CSV means it
            raise FileRefused(_nul(path, number))
        if progress and number % PROGRESS_LINES == 0:
            progress(raw.tell())
        yield line
    if progress:
        progress(raw.tell())


def _nul(path: Path, number: int) -> str:
    if guess := _unmarked(path):
        return f"{path} looks like UTF-16 without a byte order mark; say --encoding {guess}."
    return (
        f"{path} line {number} holds a NUL byte, which no text has. Take it out of the file, or say which encoding the file "
        "has with --encoding."
    )


def _unmarked(path: Path) -> str | None:
    """Which UTF-16 this is if every other of the first bytes is 0: what ASCII in UTF-16 looks like."""
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
            raise FileRefused(f"{path} is not a regular file; save the rows to a file first, since it is read twice.")
        with path.open("rb"):
            return path.stat().st_size
    except FileNotFoundError:
        raise FileRefused(f"There is no file {path}; give the path of a CSV file.") from None
    except OSError as error:
        raise FileRefused(f"{path} cannot be read: {error.strerror}.") from error


def _known_encoding(path: Path, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)  # refuses what is no encoding of text, such as hex
    except (LookupError, UnicodeError):
        raise FileRefused(
            f"--encoding {encoding!r} is unknown; allowed: utf-8, cp1252, utf-16 and what else Python can decode."
        ) from None
    with path.open("rb") as raw:
        head = raw.read(len(codecs.BOM_UTF32_LE))
    marked = head.startswith(codecs.BOM_UTF8)
    if (
        name in WITH_MARK
        and head
        and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))
    ):
        guess = _unmarked(path) or f"{name}-le or {name}-be"
        raise FileRefused(f"{path} has no byte order mark, so {name} can be two encodings; say --encoding {guess}.")
    return "utf-8-sig" if name == "utf-8" and marked else name  # Excel's mark is no part of the first column's name


def _not_in(path: Path, encoding: str) -> str:
    shown = encoding.removesuffix("-sig")
    with path.open("rb") as raw:
        if raw.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return f"{path} is written in UTF-16, not in {shown}; say --encoding utf-16."
        if shown.startswith(WITH_MARK):
            return f"{path} is not in {shown}, or is cut off; say which encoding it has with --encoding."
        raw.seek(0)
        for number, line in enumerate(raw, 1):
            try:
                line.decode(encoding)
            except UnicodeError as error:
                if not isinstance(error, UnicodeDecodeError):
                    break
                byte = line[error.start]
                return (
                    f"{path} line {number} is not in {shown} (byte 0x{byte:02X}). Save the file as UTF-8, or say which "
                    "encoding it has; Excel's on Windows is --encoding cp1252."
                )
    return f"{path} is not in {shown}; say which encoding it has with --encoding."


def _one_character(delimiter: str) -> str:
    given, delimiter = delimiter, {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
    try:
        csv.reader([], delimiter=delimiter)
    except (TypeError, ValueError, csv.Error):  # what is allowed beside one character is up to Python
        delimiter = ""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise FileRefused(f"--delimiter {given!r} is not one character; allowed: , ; | tab and the like.")
    return delimiter


def _sniff(path: Path, encoding: str) -> str:
    """The delimiter that cuts the header into the most columns."""
    with path.open("rb") as raw, TextIOWrapper(raw, encoding, newline="") as text:
        try:
            head = [line for line in itertools.islice(text, SNIFF_LINES) if line.strip()]
        except UnicodeError as error:
            raise FileRefused(_not_in(path, encoding)) from error
    try:
        return max(SNIFFED, key=lambda delimiter: len(next(csv.reader(head, delimiter=delimiter), [])))
    except csv.Error as error:
        raise FileRefused(f"{path} line 1: {error}. The first row must name the columns.") from error
