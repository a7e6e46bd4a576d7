"""The form of the workspace: its values as shown and as sent, and an error text per field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..accounts import admin
from ..accounts.admin import NAME_MAX_CHARS as MAX_CHARS
from ..accounts.workspace import Edit, Value
from ..language import gettext as _
from ..models import Tenant

FIELDS = ("name", "timezone", "locale", "team_visible")
# The prefix of the hidden fields with the values that the form was shown with.
SHOWN = "shown-"
ON = "on"


@dataclass
class WorkspaceForm:
    """The texts of the fields by column, as shown to this manager and as typed, and `errors` by field.

    `notes` has a sentence per field that another manager has saved meanwhile.
    """

    shown: dict[str, str]
    texts: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def edit(self) -> Edit:
        return Edit(_values(self.shown), _values(self.texts))


def of(tenant: Tenant) -> WorkspaceForm:
    """The form as it is saved."""
    texts = text_values({name: getattr(tenant, name) for name in FIELDS})
    return WorkspaceForm(texts, dict(texts))


def parse(sent: Mapping[str, str]) -> WorkspaceForm:
    """The box of the visibility is absent from a form in which it is not checked."""
    shown, texts = ({name: _clean(sent.get(prefix + name, "")) for name in FIELDS} for prefix in (SHOWN, ""))
    form = WorkspaceForm(shown, texts)
    for name, check in (("name", _check_name), ("timezone", check_timezone), ("locale", _check_locale)):
        if problem := check(texts[name]):
            form.errors[name] = problem
    return form


def text_values(values: Mapping[str, Value]) -> dict[str, str]:
    """Values of columns as the fields have them."""
    return {name: (ON if value else "") if isinstance(value, bool) else value for name, value in values.items()}


def _values(texts: Mapping[str, str]) -> dict[str, Value]:
    return {name: text == ON if name == "team_visible" else text for name, text in texts.items()}


def _clean(text: str) -> str:
    return text.replace("\0", "").strip()


def _check_name(name: str) -> str:
    if not name:
        return _("Enter the company's name. It stands in the title of each page.")
    if len(name) > MAX_CHARS:
        return _("The name has %(count)s characters. Enter at most %(max)s.", count=len(name), max=MAX_CHARS)
    return ""


def check_timezone(timezone: str) -> str:
    try:
        admin.check_timezone(timezone)
    except admin.AccountError:
        return _("The time zone “%(value)s” is not known. Choose one of the list.", value=timezone[:40])
    return ""


def _check_locale(locale: str) -> str:
    try:
        admin.check_locale(locale)
    except admin.AccountError:
        return _("The format “%(value)s” is not known. Choose one of the list.", value=locale[:40])
    return ""
