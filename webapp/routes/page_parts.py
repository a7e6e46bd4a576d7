"""The live parts of the pages beside the board: an order, the list of orders, the inbox.

Each is rendered with its page, and has an address below /panels that the page refetches, as the board does its panels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from ..accounts.current import current_only_owner, current_tenant
from ..comments import reading
from ..display import clock
from ..orders.editors import may_edit
from ..orders.rules import allowed, correctable
from ..panels.render import Render
from ..queries import customer_orders, inbox_page, order_page
from ..queries.day import ahead_from
from ..queries.inbox import UNREAD_MAX
from ..queries.inbox_page import InboxFilter
from ..queries.order_page import OrderPage
from ..queries.order_search import Found, PageCursor
from . import forms, inbox_filter, order_chips, order_filter
from .order_parameters import OrderParameters
from .panels import bp, fragment, rendered

# The placeholder of the CSRF token. The token differs in each answer, so the ETag is computed before it is inserted. No text of
# an order can equal the placeholder, because Jinja escapes texts.
TOKEN = Markup("<csrf>")


def order_part(page: OrderPage, typed: Mapping[str, str] | None = None) -> Render:
    """One order with its allowed actions. `typed` are the fields of the form that was refused, if one was."""
    order, by = page.order, forms.editor()
    rights = {
        "by": by,
        "is_editable": may_edit(order.owner_id, by),
        "allowed": allowed(order, by),
        "corrections": correctable(order, by, clock.now()),
    }
    return part_of("panels/order.html", page=page, order=order, typed=typed or {}, **rights)


def comments_part(order_id: int, number: str) -> Render:
    """The comments of an order, with the user's buttons."""
    data = reading.read(current_tenant().id, order_id)
    return part_of("panels/comments.html", data=data, order_id=order_id, number=number)


def customer_orders_part(order_id: int) -> Render:
    data = customer_orders.read(current_tenant(), order_id, current_only_owner())
    return part_of("panels/customer_orders.html", data=data, max_counted=customer_orders.MAX_COUNTED)


def inbox_part(wanted: InboxFilter, before: int | None) -> Render:
    """A page of the inbox. Its links and forms keep the filter."""
    data = inbox_page.read(current_tenant(), clock.now(), current_user, wanted, before)
    arguments = inbox_filter.arguments
    links = {
        "query": urlencode(arguments(wanted, before)),
        "older": None if data.older is None else arguments(wanted, data.older),
        "newest": None if before is None else arguments(wanted),
        "unread_max": UNREAD_MAX,
    }
    return part_of("panels/inbox_page.html", data=data, wanted=wanted, **links)


def orders_part(asked: OrderParameters, before: PageCursor | None) -> Render:
    """A page of the matching orders, read now. Raises order_filter.SearchRefused."""
    return _orders(asked, order_filter.find(asked.filter, before), before)


def refused_part(asked: OrderParameters, problem: str) -> Render:
    """The reason for a refused or stopped search, in place of the list."""
    return _orders(asked, Found((), None), None, problem)


def invalid_part(asked: OrderParameters) -> Render:
    """The problems of a filter that is not valid, in place of the list."""
    return refused_part(asked, " ".join(asked.problems.values()))


def _orders(asked: OrderParameters, found: Found, before: PageCursor | None, problem: str | None = None) -> Render:
    values = {"found": found, "before": before, "problem": problem, "chips": order_chips.chips(asked)}
    return part_of("panels/orders_list.html", by=asked.filter.by, wanted=asked.filter, here=asked.typed, **values)


def part_of(template: str, **values: Any) -> Render:
    now = clock.now()
    part = rendered(Markup(render_template(template, token=TOKEN, ahead=ahead_from(now), **values)), now)  # noqa: S704
    html = part.html.replace(TOKEN, Markup(generate_csrf()))  # noqa: S704 - signed, in base64
    return replace(part, html=html, body=html.encode())


@bp.get("/orders/<int:order_id>", endpoint="order")
def show_order(order_id: int) -> ResponseReturnValue:
    """One order by id, because its number may change. For a deleted order, a notice in its place."""
    page = order_page.read_by_id(current_tenant(), order_id, current_only_owner())
    return fragment(part_of("panels/order_gone.html") if page is None else order_part(page))


@bp.get("/comments/<int:order_id>", endpoint="order_comments")
def show_comments(order_id: int) -> ResponseReturnValue:
    number = order_page.number_of(current_tenant(), order_id, current_only_owner())
    return fragment(part_of("panels/order_gone.html") if number is None else comments_part(order_id, number))


@bp.get("/customer_orders/<int:order_id>", endpoint="customer_orders")
def show_customer_orders(order_id: int) -> ResponseReturnValue:
    return fragment(customer_orders_part(order_id))


@bp.get("/inbox/page", endpoint="inbox_page")
def show_inbox_page() -> ResponseReturnValue:
    return fragment(inbox_part(*inbox_filter.parse(request.args)))
