"""The encoding of a text file, detected by strict tests: a byte order mark, UTF-8, UTF-16 by its zeros, then Windows-1252.

Windows-1252 is shown to the user, because almost any bytes are valid in it. A file that would look odd in it is refused.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from ..language import gettext as _
from .errors import FileRefused

AUTO = "auto"
UTF_8, UTF_8_BOM, UTF_16, UTF_32, WINDOWS_1252 = "utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"
# Encodings that need a byte order mark at the start of the file.
WITH_BOM = (UTF_16, UTF_32)
_MARKS = (
    # Before UTF-16, whose mark is the beginning of this one.
    (codecs.BOM_UTF32_LE, UTF_32),
    (codecs.BOM_UTF32_BE, UTF_32),
    (codecs.BOM_UTF8, UTF_8_BOM),
    (codecs.BOM_UTF16_LE, UTF_16),
    (codecs.BOM_UTF16_BE, UTF_16),
)
_SHOWN = {
    UTF_8: "UTF-8",
    UTF_8_BOM: "UTF-8",
    UTF_16: "UTF-16",
    "utf-16-le": "UTF-16 (little endian, without a mark)",
    "utf-16-be": "UTF-16 (big endian, without a mark)",
    WINDOWS_1252: "Windows-1252",
}
CHUNK_BYTES = 256 * 1024
HEAD_BYTES = 4096
# Bytes that Windows-1252 does not define.
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_HIGH = re.compile(rb"[\x80-\xff]")
# Signs such as ³ inside a word, and words of accented letters alone: another code page (1250, 1251, Shift-JIS) is likelier.
_ODD = re.compile(rb"[A-Za-z\xc0-\xff][\xa1-\xa9\xab-\xb1\xb3-\xb6\xb8\xb9\xbb-\xbf][a-z\xdf-\xff]|[\xc0-\xff]{3}")
# Of the lines that are not ASCII: more odd ones than this are no accident.
_MAX_ODD = 0.05


def shown(encoding: str) -> str:
    """The encoding's name for people: Windows-1252 for cp1252."""
    return _SHOWN.get(encoding, encoding)


def detect(path: Path) -> str:
    """The name of Python's codec. Raises FileRefused, with line and byte, for bytes of none of the encodings."""
    with path.open("rb") as raw:
        head = raw.read(HEAD_BYTES)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if guess := without_mark(head):
        return guess
    return UTF_8 if _is_utf_8(path) else _windows_1252(path)


def without_mark(head: bytes) -> str | None:
    """The kind of UTF-16 of a beginning without a mark, or None: every second byte of its ASCII characters is 0."""
    even, odd = head[0::2], head[1::2]
    if len(head) < 4:
        return None
    first, second = even.count(0), odd.count(0)
    # Other scripts have ASCII delimiters and line ends too, and may have a few such zeros on the other side.
    if second * 8 >= len(odd) and first * 8 <= second:
        return "utf-16-le"
    return "utf-16-be" if first * 8 >= len(even) and second * 8 <= first else None


def _is_utf_8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder(UTF_8)()
    try:
        with path.open("rb") as raw:
            while chunk := raw.read(CHUNK_BYTES):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _windows_1252(path: Path) -> str:
    lines = odd = utf_8 = 0
    first = ""
    with path.open("rb") as raw:
        for number, line in enumerate(raw, 1):
            if not _HIGH.search(line):
                continue
            try:
                line.decode(UTF_8)
                utf_8 += 1
                continue
            except UnicodeDecodeError as error:
                first = first or _(
                    "line %(number)s has the byte 0x%(line)s", number=number, line=f"{line[error.start]:02X}"
                )
            lines += 1
            if undefined := _UNDEFINED.search(line):
                raise FileRefused(
                    _(
                        "%(path)s line %(number)s is not valid in UTF-8 or Windows-1252 (byte 0x%(undefined)s). Save the "
                        "file as UTF-8, or name its encoding, such as --encoding cp1251, shift_jis or gb18030.",
                        path=path,
                        number=number,
                        undefined=f"{undefined[0][0]:02X}",
                    )
                )
            odd += bool(_ODD.search(line))
    _check_words(path, lines, odd, utf_8, first)
    return WINDOWS_1252


def _check_words(path: Path, lines: int, odd: int, utf_8: int, first: str) -> None:
    """Raises FileRefused if a file with `lines` of other bytes is rather UTF-8 with a fault, or has unlikely words."""
    if utf_8 * 10 >= lines:
        raise FileRefused(
            _(
                "%(path)s is UTF-8, but %(first)s, which is not valid in it. Correct that line, or name the "
                "encoding of the whole file with --encoding.",
                path=path,
                first=first,
            )
        )
    if odd > lines * _MAX_ODD:
        raise FileRefused(
            _(
                "%(path)s is not UTF-8 (%(first)s), and its words would be unlikely in Windows-1252. Save the "
                "file as UTF-8, or name its encoding, such as --encoding cp1250, cp1251 or shift_jis; --encoding "
                "cp1252 if it is Windows-1252.",
                path=path,
                first=first,
            )
        )
