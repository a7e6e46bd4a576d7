"""The mails about a password: a link for a new one, and the notice that it changed. In the user's language."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask import request
from flask_login import current_user

from ..accounts.current import user_locale
from ..audit import browser
from ..display import clock
from ..language import gettext as _
from ..language import in_locale
from ..mail.delivery import Mail
from ..mail.text import one_line
from ..models import Tenant, User
from ..services import services
from .links import mailed_url


def reset_mail(user: User, tenant: Tenant, token: str | None) -> Mail:
    """The mail with the link; without a token, the reason for a missing link."""
    with in_locale(user_locale(user, tenant)):
        subject = _("Reset your Doorbell password")
        if token is None:
            return Mail(user.email, subject, _no_password(user, tenant))
        link = mailed_url("password_reset.open_link", token=token)
        text = _(
            "Hello %(name)s,\n\n"
            "A new password was requested for your Doorbell account at %(company)s. Choose it here:\n\n"
            "%(link)s\n\n"
            "The link works once and for 1 hour. A new password signs you out everywhere.\n\n"
            "You did not request this? Ignore this e-mail. Your password stays as it is.\n",
            name=one_line(user.name),
            company=one_line(tenant.name),
            link=link,
        )
        return Mail(user.email, subject, text)


def _no_password(user: User, tenant: Tenant) -> str:
    return _(
        "Hello %(name)s,\n\n"
        "A new password was requested for your Doorbell account at %(company)s, which has no password. Use the way in which "
        "you signed in before, or the link of your invitation. Otherwise ask your Doorbell administrator.\n\n"
        "You did not request this? Ignore this e-mail.\n",
        name=one_line(user.name),
        company=one_line(tenant.name),
    )


def send_changed(user: User, tenant: Tenant) -> None:
    """Send the notice that the password of `user` changed, if mail is set up."""
    if not services().mail.is_set_up():
        return
    locale = user_locale(user, tenant)
    with in_locale(locale):
        text = _(
            "Hello %(name)s,\n\n"
            "The password of your Doorbell account at %(company)s was changed.\n\n"
            "Time: %(time)s\n"
            "Browser: %(browser)s\n"
            "Address: %(address)s\n\n"
            "It was not you? Request a new password now, and tell your Doorbell administrator:\n\n"
            "%(link)s\n",
            name=one_line(user.name),
            company=one_line(tenant.name),
            link=mailed_url("password_reset.ask"),
            **circumstances(user, tenant, locale),
        )
        services().mail.send(user.email, _("Your Doorbell password was changed"), text)


def circumstances(user: User, tenant: Tenant, locale: str) -> dict[str, str]:
    """When and from where the request changed the account of `user`. An admin's browser and address stay private."""
    is_other = current_user.is_authenticated and current_user.id != user.id
    return {
        "time": format_datetime(clock.now(), "long", tzinfo=ZoneInfo(tenant.timezone), locale=locale),
        "browser": "–"
        if is_other
        else browser.short_name(request.headers.get("User-Agent", "")) or _("Unknown browser"),
        "address": "–" if is_other else request.remote_addr or "–",
    }
