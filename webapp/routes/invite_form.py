"""The form that invites a user, and the form with which the invited person accepts: values, and an error text per field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..accounts import admin
from ..accounts.admin import NAME_MAX_CHARS
from ..language import gettext as _
from ..models import ROLES

DEFAULT_ROLE = "sales"


@dataclass(frozen=True)
class UserForm:
    """The fields as typed, without surrounding spaces, and the errors by field."""

    texts: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)


def empty() -> UserForm:
    return UserForm({"email": "", "name": "", "role": DEFAULT_ROLE})


def parse_invite(sent: Mapping[str, str]) -> UserForm:
    form = UserForm({name: _text(sent, name) for name in ("email", "name", "role")})
    email, name = form.texts["email"], form.texts["name"]
    if not email:
        form.errors["email"] = _("Enter an e-mail address, such as name@example.com.")
    elif not _is_email(email):
        form.errors["email"] = _(
            "“%(value)s” is not an e-mail address. Enter one such as name@example.com.", value=email[:80]
        )
    if name:
        _check_length(form, name)
    check_role(form)
    return form


def parse_accept(sent: Mapping[str, str]) -> UserForm:
    """The password is not among the texts: it is neither stripped nor shown again."""
    form = UserForm({"name": _text(sent, "name")})
    check_name(form, _("Enter your name. Your team sees it on the board and on orders."))
    return form


def parse_name(sent: Mapping[str, str]) -> UserForm:
    form = UserForm({"name": _text(sent, "name")})
    check_name(form, _("Enter a name. The team sees it on the board and on orders."))
    return form


def parse_role(sent: Mapping[str, str]) -> UserForm:
    form = UserForm({"role": _text(sent, "role")})
    check_role(form)
    return form


def check_name(form: UserForm, missing: str) -> None:
    if not form.texts["name"]:
        form.errors["name"] = missing
    else:
        _check_length(form, form.texts["name"])


def check_role(form: UserForm) -> None:
    role = form.texts["role"]
    if role not in ROLES:
        form.errors["role"] = _("“%(value)s” is not a role. Choose one of the list.", value=role[:40])


def _check_length(form: UserForm, name: str) -> None:
    if len(name) > NAME_MAX_CHARS:
        form.errors["name"] = _(
            "The name has %(count)s characters. Enter at most %(max)s.", count=len(name), max=NAME_MAX_CHARS
        )


def _is_email(text: str) -> bool:
    try:
        admin.check_email(text)
    except admin.AccountError:
        return False
    return True


def _text(sent: Mapping[str, str], name: str) -> str:
    return " ".join(sent.get(name, "").replace("\0", "").split())
