"""The form of a user's profile: its values, and an error text per field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..accounts.admin import NAME_MAX_CHARS as MAX_CHARS
from ..language import gettext as _
from ..language.locales import LANGUAGES
from ..models import THEMES, User

# The value of "As the device".
DEVICE = "device"
# The value of "As the browser".
BROWSER = "browser"


@dataclass(frozen=True)
class ProfileForm:
    """`texts` as typed and `errors` by field; `values` by column of `users`, without fields that are not valid."""

    texts: Mapping[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def of(user: User) -> ProfileForm:
    """The form as it is saved."""
    return ProfileForm(
        {
            "name": user.name,
            "language": user.language or BROWSER,
            "theme": user.theme or DEVICE,
            "shortcuts": "on" if user.shortcuts else "",
        }
    )


def parse(sent: Mapping[str, str]) -> ProfileForm:
    """The box of the shortcuts is absent from a form in which it is not checked."""
    names = ("name", "language", "theme", "shortcuts")
    form = ProfileForm({name: sent.get(name, "").replace("\0", "").strip() for name in names})
    name = form.texts["name"]
    if not name:
        form.errors["name"] = _("Enter your name. Your team sees it on the board and on orders.")
    elif len(name) > MAX_CHARS:
        form.errors["name"] = _(
            "The name has %(count)s characters. Enter at most %(max)s.", count=len(name), max=MAX_CHARS
        )
    else:
        form.values["name"] = name
    for field_name, own, allowed in (("language", BROWSER, LANGUAGES), ("theme", DEVICE, THEMES)):
        chosen = form.texts[field_name]
        if chosen == own or chosen in allowed:
            form.values[field_name] = None if chosen == own else chosen
        else:
            form.errors[field_name] = _("“%(value)s” is not valid. Choose one of the list.", value=chosen[:40])
    form.values["shortcuts"] = bool(form.texts["shortcuts"])
    return form
