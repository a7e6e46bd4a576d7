"""Addresses for mails."""

from __future__ import annotations

from typing import Any

from flask import url_for

from ..services import services


def mailed_url(endpoint: str, **values: Any) -> str:
    """The full address of a route, beginning with PUBLIC_URL.

    A request's Host is used only without SMTP: in a mail, a forged Host would send the link's secret to another server.
    """
    base = services().config.mail.public_url
    return base + url_for(endpoint, **values) if base else url_for(endpoint, **values, _external=True)
