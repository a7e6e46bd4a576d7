"""The import's texts in the words of the page: the name of the file in place of a path, options in place of the command's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ..language import gettext as _
from ..language import lazy_gettext, stored_text
from .options import CHOICES
from .order_fields import field_label

_OPTION = re.compile(r"""--([a-z][a-z-]*)(?: "([^"]*)"| '([^']*)'| ([\w=…#/-]+))?""")
_NAME_IT = re.compile(r"Name it with --map (\w+)=Column")
# A page offers the words, and their meanings.
_STATE_IT = re.compile(r'State it for each, such as --status ".*?=paid"; allowed: [^.]*\.')
_LABELS = {choice.name: choice.label for choice in CHOICES} | {"status": lazy_gettext("Status words")}
_VALUES = {(choice.name, value): label for choice in CHOICES for value, label in choice.values}


def of_file(text: str, path: Path, name: str) -> str:
    """The text of a refusal or a rejection about the file at `path`, which the user knows as `name`."""
    return text.replace(str(path), name).replace(path.name, name)


def for_page(text: str, path: Path, name: str) -> str:
    """The same in the words of the page."""
    return options_in_page(of_file(text, path, name))


def options_in_page(text: str) -> str:
    """`use --decimal comma` becomes `use “Decimal mark: 12,50”`, in the reader's language."""
    text = _STATE_IT.sub(lambda _found: _("Choose the meaning of each under “Status words”."), text)
    text = _NAME_IT.sub(lambda found: _("Choose the column of “%(field)s” below", field=field_label(found[1])), text)
    return _OPTION.sub(_in_page, stored_text(text))


def without_repeats(reasons: Iterable[str | None]) -> list[str | None]:
    """Reasons of successive rows. Each advice is given once, with the first row that needs it."""
    given: set[str] = set()
    # The part of a reason that repeats for each row.
    allowed = _("allowed")
    advice = re.compile(rf"; {re.escape(allowed)}: [^;]*")

    def once(found: re.Match[str]) -> str:
        is_new = found[0] not in given
        given.add(found[0])
        return found[0] if is_new else ""

    return [advice.sub(once, reason) if reason else reason for reason in reasons]


def _in_page(found: re.Match[str]) -> str:
    option, value = found[1].replace("-", "_"), found[2] or found[3] or found[4] or ""
    if option == "map":
        field, _sign, column = value.partition("=")
        if column or "=" in value:
            return _("the column of “%(field)s”", field=field_label(field))
        return _("the columns")
    label = _LABELS.get(option)
    if label is None:
        return found[0]
    if value and (option, value) in _VALUES:
        return _("“%(option)s”", option=f"{label}: {_VALUES[option, value]}")
    named = _("“%(option)s”", option=label)
    return f"{named} {value}" if value else named
