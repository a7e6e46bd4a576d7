"""The mail of an invitation, in the language of the company."""

from __future__ import annotations

from dataclasses import dataclass

from ..display.filters import datetime_text
from ..language import gettext as _
from ..language import in_locale, locales
from ..mail.text import one_line
from ..models import Invitation, Tenant


@dataclass(frozen=True)
class Letter:
    """A mail in plain text. Names stand in one line each, because their owners chose them."""

    to: str
    subject: str
    text: str


def letter(invitation: Invitation, tenant: Tenant, invited_by: str, url: str) -> Letter:
    with in_locale(locales.page_locale(None, tenant.locale)):
        names = {"inviter": one_line(invited_by), "company": one_line(tenant.name)}
        until = datetime_text(invitation.expires_at, tenant)
        paragraphs = [
            _("Hello %(name)s,", name=one_line(invitation.name)) if invitation.name else _("Hello,"),
            _("%(inviter)s invites you to %(company)s on Doorbell, the live sales board.", **names),
            _("Choose your password here:") + f"\n{url}",
            _("The link works once, until %(when)s (%(zone)s).", when=until, zone=tenant.timezone),
            _("If you did not expect this mail, ignore it."),
        ]
        subject = _("%(inviter)s invites you to %(company)s on Doorbell", **names)
    return Letter(invitation.email, subject, "\n\n".join(paragraphs) + "\n")
