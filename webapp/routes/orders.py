"""The pages of orders: the list, the form, one order. Actions on an order are in order_actions.py."""

from __future__ import annotations

from uuid import uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from .. import orders
from ..accounts.cached_user import only_owner
from ..accounts.current import current_only_owner, current_tenant
from ..accounts.permissions import Permission, may
from ..comments import mentions
from ..comments.mentions import Colleague
from ..db import db
from ..display import clock
from ..language import gettext as _
from ..models import User
from ..orders.editors import may_edit
from ..orders.errors import (
    CustomerInvalid,
    IdempotencyKeyReused,
    LineInvalid,
    OrderError,
    OrderForbidden,
    OrderInvalid,
    OwnerInvalid,
)
from ..queries import order_page, order_sources
from ..queries.day import ahead_from
from . import order_chips, order_filter, page_parts, relay_parts
from .access import needs
from .forms import OrderForm, editor
from .order_parameters import PRESETS

bp = Blueprint("orders", __name__)


@bp.get("/orders")
def index() -> ResponseReturnValue:
    asked, before = order_filter.parameters(), order_filter.cursor()
    tenant, status = current_tenant(), 400 if asked.problems else 200
    salespeople, sources = order_page.salespeople(tenant), order_sources.read(tenant.id)
    headers = {}
    try:
        part = page_parts.invalid_part(asked) if asked.problems else page_parts.orders_part(asked, before)
    except order_filter.SearchRefused as error:
        headers, status = {"Retry-After": str(error.wait)}, error.status
        part = page_parts.refused_part(asked, str(error))
    if current_only_owner() is not None:
        salespeople = {}
    choices = {"salespeople": salespeople, "sources": sources, "presets": PRESETS}
    choices["chips"] = order_chips.chips(asked)
    page = render_template("pages/orders.html", part=part, asked=asked, here=asked.typed, before=before, **choices)
    return page, status, headers


@bp.get("/orders/new")
@needs(Permission.PLACE_ORDERS)
def new() -> ResponseReturnValue:
    return _form_page(OrderForm.for_team(order_page.owners(current_tenant()), current_user.id))


@bp.post("/orders")
@needs(Permission.PLACE_ORDERS)
def place() -> ResponseReturnValue:
    form, by = OrderForm.for_team(order_page.owners(current_tenant())), editor()
    # A user who does not choose the owner has a form without that field.
    owner_id = form.owner_id if by.assigns or form.owner.data else by.user_id
    if "more" in request.form:
        form.add_lines()
        return _form_page(form)
    valid, lines = form.validate(), form.new_lines()
    if not valid or form.has_errors():
        return _form_page(form, 422)
    # `orders.place` takes a connection of its own. A request that holds two could wait for itself.
    db.session.close()
    try:
        order = orders.place(
            current_tenant().id,
            form.customer.data,
            source="form",
            total_minor=form.total.minor,
            lines=lines,
            freight_minor=form.freight.minor or 0,
            owner_id=owner_id,
            by=by,
            idempotency_key=form.idempotency_uuid,
        )
    except OrderError as error:
        if isinstance(error, IdempotencyKeyReused):
            form.renew_idempotency_key()
        _show_at_field(form, error)
        return _form_page(form, status_of(error))
    flash(_("Order %(number)s placed.", number=order.number), "success")
    return redirect(order_address(order.number, owner_id), 303)


def order_address(number: str, owner_id: int | None) -> str:
    """The page of an order of this owner; the list for a user who does not see the order any more."""
    only = current_only_owner()
    return url_for("orders.index") if only not in (None, owner_id) else url_for("orders.show", number=number)


@bp.get("/orders/<order_number:number>")
def show(number: str) -> ResponseReturnValue:
    return show_page(number)


def show_page(
    number: str,
    problem: str | None = None,
    status: int = 200,
    category: str = "danger",
    comment_problem: str | None = None,
) -> tuple[str, int]:
    """An order's page in its current state. With a problem, its fields keep what the user typed."""
    typed = request.form if problem or comment_problem else None
    page = order_page.read(current_tenant(), number, current_only_owner())
    part = page_parts.order_part(page, typed)
    journey = relay_parts.journey_part(page.order.id) if may(current_user, Permission.MANAGE_RELAY) else None
    others = (user for user in order_page.team(current_tenant()) if user.id != current_user.id and _sees(user, page))
    colleagues = [Colleague(user.id, user.name, user.email) for user in others]
    return render_template(
        "pages/order.html",
        order=page.order,
        part=part,
        journey=journey,
        comments=page_parts.comments_part(page.order.id, page.order.number),
        others=page_parts.customer_orders_part(page.order.id),
        team=mentions.suggestions(colleagues),
        typed_comment=typed.get("comment", "") if typed else "",
        may_comment=may_edit(page.order.owner_id, editor()),
        comment_problem=comment_problem,
        comment_key=uuid4(),
        problem=problem,
        category=category,
        is_ahead=is_ahead(page),
    ), status


def _sees(user: User, page: order_page.OrderPage) -> bool:
    """Whether a colleague sees the order, so that a mention leads somewhere."""
    return only_owner(user, current_tenant()) in (None, page.order.owner_id)


def is_ahead(page: order_page.OrderPage) -> bool:
    """Whether one of the order's times is in the future. Its page then changes when that time comes."""
    order, ahead = page.order, ahead_from(clock.now())
    return any(at and at > ahead for at in (order.placed_at, order.paid_at, order.shipped_at, order.cancelled_at))


def status_of(error: OrderError) -> int:
    """422 for a value that is not valid, 403 for a user who may not do it, 409 for a state that does not allow the action.

    routes/errors.py handles 404.
    """
    return 422 if isinstance(error, OrderInvalid) else 403 if isinstance(error, OrderForbidden) else 409


def _form_page(form: OrderForm, status: int = 200) -> ResponseReturnValue:
    lines_open = bool(form.freight.data) or any(cell.data for entry in form.lines for cell in entry.form)
    lines_open = lines_open or "more" in request.form
    currency = current_tenant().currency
    return render_template("pages/order_new.html", form=form, currency=currency, lines_open=lines_open), status


def _show_at_field(form: OrderForm, error: OrderError) -> None:
    if isinstance(error, CustomerInvalid):
        field = form.customer
    elif isinstance(error, OwnerInvalid):
        field = form.owner
    elif isinstance(error, IdempotencyKeyReused | LineInvalid | OrderForbidden):
        field = form.idempotency_key  # shown above the form
    else:
        field = form.total
    field.errors = [*field.errors, str(error)]
