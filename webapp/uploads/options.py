"""The options of an upload: how a page offers them, and how they become those of an import.

An option of `flask orders import` needs one line in CHOICES.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..language import lazy_gettext
from ..order_import.columns import FIELDS, STATUS
from ..order_import.formats.generic import GENERIC
from ..order_import.formats.registry import BY_HEADER
from ..order_import.pipeline import FORMATS, ImportOptions
from . import status_words
from .order_fields import Text
from .upload import Upload

MAPPED = "mapped"
TEXT_MAX_CHARS = 200
# The values of a field's drop-down beside those of the columns, which are their indexes.
AUTOMATIC, NOT_USED = "auto", "none"


@dataclass(frozen=True)
class Choice:
    """An option: the name of its field of ImportOptions, its label and its values with their labels.

    Without values it is a text. The first value is the default. Options `of_file` concern the way the file is
    written; they are rarely needed, because the import finds them by itself.
    """

    name: str
    label: Text
    values: tuple[tuple[str, Text], ...] = ()
    hint: Text = ""
    of_file: bool = False


_TITLES = {name: re.sub("^an? ", "", format.title) for name, format in FORMATS.items() if name != GENERIC.name}
_FORMATS = (
    (BY_HEADER, lazy_gettext("Recognise by the header")),
    (GENERIC.name, lazy_gettext("Any columns")),
    *(
        (name, title if title[1:2].isupper() else title[:1].upper() + title[1:])
        for name, title in sorted(_TITLES.items())
    ),
)
CHOICES = (
    Choice("format", lazy_gettext("Format"), _FORMATS),
    Choice(
        "owners",
        lazy_gettext("Salespeople who are not users yet"),
        (
            ("refuse", lazy_gettext("Reject their orders")),
            ("create", lazy_gettext("Create the users")),
            ("ignore", lazy_gettext("Leave the orders unassigned")),
        ),
        lazy_gettext("Created users cannot sign in before they get a password."),
    ),
    Choice(
        "update",
        lazy_gettext("Orders on the board"),
        (("", lazy_gettext("Leave as they are")), ("yes", lazy_gettext("Bring up to date"))),
    ),
    Choice(
        "decimal",
        lazy_gettext("Decimal mark"),
        (("", lazy_gettext("Find in the amounts")), ("point", "12.50"), ("comma", "12,50")),
        of_file=True,
    ),
    Choice(
        "dates",
        lazy_gettext("Dates"),
        (
            ("", lazy_gettext("Automatic")),
            ("dmy", lazy_gettext("Day, month, year")),
            ("mdy", lazy_gettext("Month, day, year")),
            ("ymd", lazy_gettext("Year, month, day")),
            ("iso", "ISO 8601"),
            ("excel", lazy_gettext("Excel's numbers")),
            ("epoch", lazy_gettext("Seconds since 1970")),
        ),
        of_file=True,
    ),
    Choice(
        "zone",
        lazy_gettext("Time zone"),
        hint=lazy_gettext("Of times without one, such as UTC or Europe/Berlin. Empty: your company's."),
        of_file=True,
    ),
    Choice(
        "encoding",
        lazy_gettext("Encoding"),
        (
            ("auto", lazy_gettext("Detect")),
            ("utf-8", "UTF-8"),
            ("cp1252", "Windows-1252"),
            ("utf-16", "UTF-16"),
            ("utf-16-le", "UTF-16 LE"),
            ("utf-16-be", "UTF-16 BE"),
        ),
        of_file=True,
    ),
    Choice(
        "delimiter",
        lazy_gettext("Delimiter"),
        (
            ("", lazy_gettext("Detect")),
            (",", lazy_gettext("Comma")),
            (";", lazy_gettext("Semicolon")),
            ("tab", lazy_gettext("Tab")),
            ("|", lazy_gettext("Bar")),
        ),
        of_file=True,
    ),
    Choice(
        "header_line",
        lazy_gettext("Line of the columns' names"),
        hint=lazy_gettext("Empty: found by itself."),
        of_file=True,
    ),
    Choice(
        "sheet",
        lazy_gettext("Sheet of a workbook"),
        hint=lazy_gettext("Empty: the first with known columns."),
        of_file=True,
    ),
)
# An import that lacks an option does not offer it.
_KNOWN = {field.name for field in fields(ImportOptions)}
# The values of options that are not texts.
_READ: dict[str, Callable[[str], Any]] = {
    "update": bool,
    "header_line": lambda text: int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0,
}
OFFERED = tuple(choice for choice in CHOICES if choice.name in _KNOWN)


def chosen(options: Mapping[str, Any], choice: Choice) -> str:
    """The value of an option: the chosen one, or the default."""
    default = choice.values[0][0] if choice.values else ""
    return str(options.get(choice.name, default))


def from_form(form: Mapping[str, str], header: Sequence[str], present: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a form names, beside the present ones that it does not name. Values that are not offered are ignored."""
    found = dict(present)
    for choice in OFFERED:
        value = form.get(f"option-{choice.name}")
        if value is not None and (not choice.values or value in dict(choice.values)):
            found[choice.name] = value.strip()[:TEXT_MAX_CHARS] if not choice.values else value
    mapped = dict(found.get(MAPPED, {}))
    for name in (*FIELDS, STATUS):
        value = form.get(f"column-{name}")
        if value is None:
            continue
        if value == NOT_USED:
            mapped[name] = ""
        elif value.isascii() and value.isdigit() and len(value) < 6 and int(value) < len(header):
            mapped[name] = column_name(header, int(value))
        else:
            mapped.pop(name, None)
    found |= {MAPPED: mapped}
    words = status_words.from_form(form, found.pop(status_words.WORDS, {}))
    # Of another column, or in another format, the words differ.
    is_same = _source_of_words(found) == _source_of_words(present)
    return found | {status_words.WORDS: words} if words and is_same else found


def _source_of_words(options: Mapping[str, Any]) -> tuple[str, str | None]:
    return options.get("format", BY_HEADER), options.get(MAPPED, {}).get(STATUS)


def column_name(header: Sequence[str], index: int) -> str:
    """How the options name a column: by its name, or by its place where the name is empty or not the only one."""
    name = header[index]
    return name if name and header.count(name) == 1 else f"#{index + 1}"


def column_index(header: Sequence[str], name: str) -> int | None:
    """The index of a column that `column_name` names; None when the header does not have it."""
    return next((index for index in range(len(header)) if column_name(header, index) == name), None)


def import_options(upload: Upload, path: Path, tenant_slug: str, *, is_dry_run: bool) -> ImportOptions:
    values: dict[str, Any] = {}
    for choice in OFFERED:
        value = chosen(upload.options, choice)
        # An empty value leaves the import's own default.
        if value:
            values[choice.name] = _READ.get(choice.name, str)(value)
    return ImportOptions(
        path=path,
        tenant_slug=tenant_slug,
        mapped=upload.options.get(MAPPED, {}),
        dry_run=is_dry_run,
        status=status_words.given(upload.options),
        **values,
    )
