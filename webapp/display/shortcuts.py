"""The keyboard shortcuts of signed-in pages, as their dialog lists them and shortcuts.js runs them."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, url_for
from flask_login import current_user

from ..accounts.permissions import Permission, may
from ..language import gettext as _
from ..language import lazy_gettext


@dataclass(frozen=True)
class Shortcut:
    """`keys`, separated by spaces, open `href` or press the button with the id `press`."""

    keys: str
    text: str
    href: str = ""
    press: str = ""


# A page without a route, because its part of Doorbell is not installed, has no shortcut.
_PAGES = (
    ("g b", "board.index", lazy_gettext("Board")),
    ("g o", "orders.index", lazy_gettext("Orders")),
    ("g i", "inbox.index", lazy_gettext("Inbox")),
    ("g h", "history.index", lazy_gettext("History")),
)
# The search box of the orders page. A browser focuses the element that an address names.
SEARCH_BOX = "q"


def go_to() -> list[Shortcut]:
    """The shortcuts that open a page of the navigation."""
    routes = current_app.view_functions
    return [Shortcut(keys, str(text), href=url_for(endpoint)) for keys, endpoint, text in _PAGES if endpoint in routes]


def actions() -> list[Shortcut]:
    """The shortcuts that do something on the page."""
    place = (
        [Shortcut("n", _("New order"), href=url_for("orders.new"))]
        if may(current_user, Permission.PLACE_ORDERS)
        else []
    )
    return [
        Shortcut("/", _("Search orders"), href=url_for("orders.index", _anchor=SEARCH_BOX)),
        *place,
        Shortcut("p", _("Pause or resume updates"), press="pause"),
        Shortcut("?", _("Show or close this list")),
    ]
