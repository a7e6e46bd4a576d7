"""The options of a TV as its form sends them, with an error text per field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from ..language import gettext as _
from ..language.locales import LANGUAGES
from ..models import TV_NAME_MAX_CHARS, TV_SECONDS, TV_THEMES, TvLink
from .screens import SCREENS

# The value of the field for the company's own language.
COMPANY_LANGUAGE = ""
DEFAULTS: dict[str, Any] = {
    "name": "",
    "screens": list(SCREENS),
    "screen_seconds": 20,
    "theme": "auto",
    "hides_money": False,
    "celebrates": True,
    "language": None,
}


@dataclass(frozen=True)
class TvForm:
    """`values` are the options by column; of a field with an error, the text as typed."""

    values: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)


def of(link: TvLink) -> TvForm:
    return TvForm({name: getattr(link, name) for name in DEFAULTS})


def parse(fields: MultiDict[str, str]) -> TvForm:
    """The options of a form. A screen has its place in `place-<name>`; equal places keep the order of SCREENS."""
    errors: dict[str, str] = {}
    values = {
        "name": _name(fields.get("name", ""), errors),
        "screens": _screens(fields, errors),
        "screen_seconds": _seconds(fields.get("screen_seconds", ""), errors),
        "theme": _choice("theme", fields.get("theme", "auto"), TV_THEMES, errors),
        "hides_money": "hides_money" in fields,
        "celebrates": "celebrates" in fields,
        "language": _choice("language", fields.get("language", ""), (COMPANY_LANGUAGE, *LANGUAGES), errors) or None,
    }
    return TvForm(values, errors)


def _name(text: str, errors: dict[str, str]) -> str:
    name = " ".join(text.split())
    if not name:
        errors["name"] = _("Enter a name, such as Sales office.")
    elif len(name) > TV_NAME_MAX_CHARS:
        errors["name"] = _(
            "The name has %(count)s characters. Enter at most %(most)s.", count=len(name), most=TV_NAME_MAX_CHARS
        )
    elif not name.isprintable():
        errors["name"] = _("The name has characters that cannot be shown. Remove them.")
    return name


def _screens(fields: MultiDict[str, str], errors: dict[str, str]) -> list[str]:
    chosen = set(fields.getlist("screens"))
    if unknown := sorted(chosen - set(SCREENS)):
        errors["screens"] = _("%(value)s is not a screen. Choose some of the list.", value=repr(unknown[0][:40]))
    found = [name for name in SCREENS if name in chosen]
    if not found and not unknown:
        errors["screens"] = _("Choose at least one screen.")
    return sorted(found, key=lambda name: _place(fields.get(f"place-{name}", "")))


def _place(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 99


def _seconds(text: str, errors: dict[str, str]) -> int | str:
    text = text.strip()
    first, last = TV_SECONDS[0], TV_SECONDS[-1]
    if text.isascii() and text.isdigit() and len(text) < 6 and int(text) in TV_SECONDS:
        return int(text)
    if text:
        errors["screen_seconds"] = _(
            "%(value)s is not a valid time. Enter whole seconds from %(first)s to %(last)s.",
            value=repr(text[:40]),
            first=first,
            last=last,
        )
    else:
        errors["screen_seconds"] = _("Enter whole seconds from %(first)s to %(last)s.", first=first, last=last)
    return text[:40]


def _choice(name: str, text: str, allowed: Sequence[str], errors: dict[str, str]) -> str:
    if text not in allowed:
        errors[name] = _("%(value)s is not in the list. Choose another.", value=repr(text[:40]))
    return text
