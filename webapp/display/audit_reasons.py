"""Why a sign-in failed or was refused, in words. The audit log has the reason as the code writes it."""

from __future__ import annotations

from ..language import gettext as _
from ..language import lazy_gettext

_REASONS = {
    "unknown e-mail": lazy_gettext("there is no such user"),
    "no password set": lazy_gettext("the user has no password"),
    "wrong password": lazy_gettext("wrong password"),
    "disabled": lazy_gettext("the user is disabled"),
    "closed": lazy_gettext("the company will be deleted, and only admins can sign in"),
    "single sign-on required": lazy_gettext("passwords are turned off"),
    # Of single sign-on: what concerns the person, or the company's settings.
    "access_denied": lazy_gettext("the provider refused access, or the sign-in was cancelled there"),
    "answer of another issuer": lazy_gettext("the answer came from another provider"),
    "domain not of the tenant": lazy_gettext("the e-mail address is not in a domain of the company"),
    "e-mail not verified": lazy_gettext("the provider has not verified the e-mail address"),
    "e-mail of another tenant": lazy_gettext("the e-mail address belongs to a user of another company"),
    "no access by the rules": lazy_gettext("no rule gives this person a role"),
    "no e-mail": lazy_gettext("the provider sent no e-mail address"),
    "subject differs": lazy_gettext("the e-mail address belonged to another person at the provider before"),
    "settings changed": lazy_gettext("the settings of single sign-on were changed meanwhile"),
    "invalid_grant": lazy_gettext("the sign-in has expired or was already used"),
    "unknown state": lazy_gettext("the sign-in has expired or was already used"),
}


def reason_text(reason: str) -> str:
    """A reason that is not listed is a fault of the provider, in the terms of its protocol."""
    if reason in _REASONS:
        return str(_REASONS[reason])
    return _("the provider's answer could not be used (%(code)s)", code=reason) if reason else _("unknown")
