"""A CSV file as a stream of records, each with the number of its first line. Reading it twice costs no memory."""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from io import BufferedReader, TextIOWrapper
from pathlib import Path

from ..language import gettext as _
from . import encodings, preface
from .errors import FileRefused

SNIFFED_DELIMITERS = (",", ";", "\t")
# Lines in which the header is searched; it may contain quoted line breaks.
SNIFF_LINES = 50
# Lines between two progress reports: cheap, and still visibly moving.
PROGRESS_LINES = 5_000
MAX_LINE_CHARS = 4_000_000


@dataclass(frozen=True)
class CsvFile:
    """The way to read a CSV file: its records begin at `first_line`, the header's."""

    path: Path
    encoding: str
    delimiter: str
    first_line: int = 1

    @classmethod
    def open(
        cls, path: Path, encoding: str, delimiter: str | None, header_line: int | None, expected: Iterable[str]
    ) -> CsvFile:
        """Find encoding, delimiter and header. `expected` are columns that the caller names. Raises FileRefused."""
        encoding = encodings.detect(path) if encoding == encodings.AUTO else _checked_encoding(path, encoding)
        named = _sep_line(next(iter(_head(path, encoding, 0, 1)), ""))
        delimiter = _checked_delimiter(delimiter) if delimiter is not None else named
        skipped = (header_line - 1) if header_line else int(named is not None)
        head = _head(path, encoding, skipped, SNIFF_LINES)
        choices = [delimiter] if delimiter else SNIFFED_DELIMITERS
        files = [cls(path, encoding, choice, skipped + 1) for choice in choices]
        found = [_from_header(file, head, header_line, expected) for file in files]
        return max(found, key=lambda seen: seen[1])[0]

    def records(self, progress: Callable[[int], None] | None = None) -> Iterator[tuple[int, list[str]]]:
        """Every non-blank record from the header on. `progress` gets the bytes read so far.

        Raises FileRefused at a wrong encoding or an unclosed quote, because the rest of the file cannot be trusted.
        """
        begin = self.first_line
        with self.path.open("rb") as raw, TextIOWrapper(raw, self.encoding, newline="") as text:
            lines = itertools.islice(_lines(text, raw, self.path, progress), self.first_line - 1, None)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            try:
                for cells in reader:
                    if any(cells):
                        yield begin, cells
                    begin = self.first_line + reader.line_num
            except csv.Error as error:
                raise FileRefused(
                    _(
                        "%(path)s line %(begin)s: %(error)s. A quote there is probably not closed or not doubled. Fix "
                        "that row: the rows after it cannot be read reliably.",
                        path=self.path,
                        begin=begin,
                        error=error,
                    )
                ) from error
            except UnicodeError as error:
                raise FileRefused(_wrong_encoding(self.path, self.encoding)) from error


def _from_header(
    file: CsvFile, head: list[str], header_line: int | None, expected: Iterable[str]
) -> tuple[CsvFile, int]:
    """The file from its header on, if it has the file's delimiter, and the number of the header's columns."""
    records: list[preface.Record] = []
    # Not strict: a quoted cell is no error with a delimiter that is not the file's.
    reader = csv.reader(head, delimiter=file.delimiter)
    begin = file.first_line
    try:
        for cells in reader:
            if any(cells):
                records.append((begin, cells))
            begin = file.first_line + reader.line_num
    except csv.Error as error:
        if not records:
            raise FileRefused(
                _(
                    "%(path)s line %(begin)s: %(error)s. The first row must name the columns.",
                    path=file.path,
                    begin=begin,
                    error=error,
                )
            ) from error
    if not records:
        return file, 0
    line, cells = records[0] if header_line else preface.header_of(records, expected)
    return replace(file, first_line=line), len(cells)


def _head(path: Path, encoding: str, skipped: int, lines: int) -> list[str]:
    with path.open("rb") as raw, TextIOWrapper(raw, encoding, newline="") as text:
        try:
            return list(itertools.islice(iter(partial(text.readline, MAX_LINE_CHARS), ""), skipped, skipped + lines))
        except UnicodeError as error:
            raise FileRefused(_wrong_encoding(path, encoding)) from error


def _sep_line(line: str) -> str | None:
    """The delimiter of Excel's line `sep=;`, which is not part of the table; else None."""
    text = line.rstrip("\r\n").strip('"')
    return text[4] if len(text) == 5 and text[:4].lower() == "sep=" and text[4] not in '"\r\n' else None


def _lines(
    text: TextIOWrapper, raw: BufferedReader, path: Path, progress: Callable[[int], None] | None
) -> Iterator[str]:
    for number, line in enumerate(iter(partial(text.readline, MAX_LINE_CHARS), ""), 1):
        # PostgreSQL's text cannot contain NUL, and no CSV file uses it.
        if "\0" in line:
            raise FileRefused(_nul_message(path, number))
        if len(line) == MAX_LINE_CHARS:
            raise FileRefused(
                _(
                    "%(path)s line %(number)s has more than %(max_line_chars)s characters; is this a CSV file?",
                    path=path,
                    number=number,
                    max_line_chars=f"{MAX_LINE_CHARS:,}",
                )
            )
        if progress and number % PROGRESS_LINES == 0:
            progress(raw.tell())
        yield line
    if progress:
        progress(raw.tell())


def _nul_message(path: Path, number: int) -> str:
    if guess := _utf_16_without_mark(path):
        return f"{path} looks like UTF-16 without a byte order mark; use --encoding {guess}."
    return (
        f"{path} line {number} contains a NUL byte, which text cannot have. Remove it, or name the file's encoding with "
        "--encoding."
    )


def _utf_16_without_mark(path: Path) -> str | None:
    with path.open("rb") as raw:
        return encodings.without_mark(raw.read(encodings.HEAD_BYTES))


def _checked_encoding(path: Path, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        # Fails for codecs that do not encode text, such as hex.
        "".encode(name)
    except (LookupError, UnicodeError):
        raise FileRefused(
            _(
                "--encoding %(encoding)r is unknown; allowed: auto, utf-8, cp1252, utf-16 and others that Python "
                "can decode.",
                encoding=encoding,
            )
        ) from None
    with path.open("rb") as raw:
        head = raw.read(len(codecs.BOM_UTF32_LE))
    has_bom = head.startswith(codecs.BOM_UTF8)
    if (
        name in encodings.WITH_BOM
        and head
        and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))
    ):
        guess = _utf_16_without_mark(path) or f"{name}-le or {name}-be"
        raise FileRefused(
            _(
                "%(path)s has no byte order mark, so %(name)s is ambiguous; use --encoding %(guess)s.",
                path=path,
                name=name,
                guess=guess,
            )
        )
    # Excel writes a byte order mark; it is not part of the first column's name.
    return encodings.UTF_8_BOM if name == encodings.UTF_8 and has_bom else name


def _wrong_encoding(path: Path, encoding: str) -> str:
    shown = encoding.removesuffix("-sig")
    with path.open("rb") as raw:
        if raw.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return f"{path} is UTF-16, not {shown}; use --encoding utf-16."
        if shown.startswith(encodings.WITH_BOM):
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
                    f"{path} line {number} is not valid {shown} (byte 0x{byte:02X}). Omit --encoding to have it detected, or "
                    "name another one, such as --encoding cp1252 for Excel on Windows."
                )
    return f"{path} is not valid {shown}; name its encoding with --encoding."


def _checked_delimiter(delimiter: str) -> str:
    given, delimiter = delimiter, {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
    try:
        csv.reader([], delimiter=delimiter)
    except (TypeError, ValueError, csv.Error):  # some characters are not allowed
        delimiter = ""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise FileRefused(_("--delimiter %(given)r is not one character; allowed: , ; | tab and similar.", given=given))
    return delimiter
