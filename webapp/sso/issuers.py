"""The form of an issuer, checked before a request goes to it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from ..config.webhook_allow import Network
from ..language import gettext as _
from ..models import TEXT_MAX_CHARS
from ..webhooks.addresses import check_url
from ..webhooks.errors import RefusedAddress
from .discovery import WELL_KNOWN
from .http import refusal


def issuer_problem(issuer: str, allow: Sequence[Network]) -> str:
    """A sentence on why this is not an issuer; "" for one that can be asked."""
    if not issuer:
        return _("Enter the issuer, such as https://login.example.com.")
    if len(issuer) > TEXT_MAX_CHARS:
        return _("The issuer has %(count)s characters. Enter at most %(max)s.", count=len(issuer), max=TEXT_MAX_CHARS)
    if not issuer.startswith(("https://", "http://")):
        return _("The issuer “%(value)s” does not begin with https://. Enter its whole address.", value=issuer[:80])
    if issuer.endswith(WELL_KNOWN):
        short = issuer.removesuffix(WELL_KNOWN)
        return _("This is the address of the provider's description. Enter the part before it: %(short)s", short=short)
    if urlsplit(issuer).query or urlsplit(issuer).fragment or "{" in issuer:
        return _("The issuer “%(value)s” is not a plain address, without ?, # and placeholders.", value=issuer[:80])
    try:
        check_url(issuer, allow)
    except RefusedAddress as error:
        return refusal(issuer, error)
    return ""
