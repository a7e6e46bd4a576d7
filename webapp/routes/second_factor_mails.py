"""The mail that reports a change of a user's two-step sign-in. In the user's language."""

from __future__ import annotations

from ..accounts.current import current_tenant, user_locale
from ..audit.kinds import Kind
from ..display.audit_kinds import LABELS
from ..language import gettext as _
from ..language import in_locale
from ..mail.text import one_line
from ..models import User
from ..services import services
from .links import mailed_url
from .password_mails import circumstances


def send_changed(user: User, kind: Kind) -> None:
    """Send the notice that the second factor of `user`, of the current tenant, changed, if mail is set up."""
    if not services().mail.is_set_up():
        return
    tenant = current_tenant()
    locale = user_locale(user, tenant)
    with in_locale(locale):
        text = _(
            "Hello %(name)s,\n\n"
            "The two-step sign-in of your Doorbell account at %(company)s changed: %(change)s.\n\n"
            "Time: %(time)s\n"
            "Browser: %(browser)s\n"
            "Address: %(address)s\n\n"
            "It was neither you nor your Doorbell administrator? Request a new password now, and tell the administrator:\n\n"
            "%(link)s\n",
            name=one_line(user.name),
            company=one_line(tenant.name),
            change=LABELS[kind],
            link=mailed_url("password_reset.ask"),
            **circumstances(user, tenant, locale),
        )
        services().mail.send(user.email, _("Your Doorbell two-step sign-in was changed"), text)
