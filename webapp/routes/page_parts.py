"""The live part of the pages beside the board: an order, the list of orders, the inbox. Each is painted with its page and
has an address below /panels, which the page refetches as the board does its panels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from ..accounts.current import current_tenant
from ..display import clock
from ..panels.render import Render
from ..queries import inbox, order_page
from ..queries.day import ahead_from
from ..queries.order_page import OrderPage
from ..queries.order_search import Filter, Found, PageCursor
from . import order_filter
from .panels import bp, fragment, rendered

# Stands in a part where the CSRF token will, which differs from answer to answer: the ETag is of the part without it. No text
# of an order can look like it, because Jinja escapes those.
TOKEN = Markup("<csrf>")


def order_part(page: OrderPage, typed: str | None = None) -> Render:
    """One order with what may be done to it. `typed` is what its refund field was sent with, where that was refused."""
    return part_of("panels/order.html", page=page, order=page.order, typed=typed)


def inbox_part() -> Render:
    data = inbox.read(current_tenant(), clock.now(), current_user, limit=inbox.PAGE_LIMIT)
    return part_of("panels/inbox_page.html", data=data, limit=inbox.PAGE_LIMIT)


def orders_part(wanted: Filter, before: PageCursor | None) -> Render:
    """A page of the orders that match, read now. Raises order_filter.SearchRefused."""
    found = order_filter.find(wanted, before)
    return part_of("panels/orders_list.html", found=found, wanted=wanted, before=before)


def refused_part(wanted: Filter, problem: str) -> Render:
    """In place of a list: why the search did not run to its end."""
    return part_of("panels/orders_list.html", found=Found((), None), wanted=wanted, before=None, problem=problem)


def part_of(template: str, **values: Any) -> Render:
    now = clock.now()
    part = rendered(Markup(render_template(template, token=TOKEN, ahead=ahead_from(now), **values)), now)  # noqa: S704
    html = part.html.replace(TOKEN, Markup(generate_csrf()))  # noqa: S704 - signed, in base64
    return replace(part, html=html, body=html.encode())


@bp.get("/orders/<int:order_id>", endpoint="order")
@login_required
def show_order(order_id: int) -> ResponseReturnValue:
    """By id, because the number of an order may change. Of an order that is gone it says so, in the same place."""
    page = order_page.read_by_id(current_tenant(), order_id)
    return fragment(part_of("panels/order_gone.html") if page is None else order_part(page))


@bp.get("/inbox/page", endpoint="inbox_page")
@login_required
def show_inbox_page() -> ResponseReturnValue:
    return fragment(inbox_part())
