"""Actions on an order, as resources below it: paying is POST /orders/7/payment. Each leads back to the order's page."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from .. import orders
from ..accounts.current import current_only_owner, current_tenant
from ..accounts.permissions import Permission, may
from ..display.filters import money_text
from ..language import gettext as _
from ..money import MoneyError
from ..orders.editors import check_editor
from ..orders.errors import (
    AlreadyCancelled,
    AlreadyPaid,
    AlreadyShipped,
    NotPaid,
    NotShipped,
    OrderError,
    OrderForbidden,
    OrderInvalid,
    OrderNotFound,
    OrderRefused,
    RefundInvalid,
)
from ..queries import order_page
from . import forms
from .access import guard
from .errors import order_not_found
from .orders import order_address, show_page, status_of

bp = Blueprint("order_actions", __name__)
guard(bp, Permission.CHANGE_OWN_ORDERS)

# If the order already has the state that an action sets, another person was faster. That is not an error of this user.
ALREADY_DONE: dict[str, type[OrderError]] = {
    "order_actions.payment": AlreadyPaid,
    "order_actions.shipment": AlreadyShipped,
    "order_actions.cancellation": AlreadyCancelled,
    "order_actions.payment_correction": NotPaid,
    "order_actions.shipment_correction": NotShipped,
}


@bp.before_request
def check_rights() -> None:
    """404 for an order that the user does not see, 403 for one that the user may not change, before the form is read.

    The verb checks again under the order's lock.
    """
    number = (request.view_args or {})["number"]
    owner_id = order_page.owner_of(current_tenant(), number, current_only_owner())
    if request.endpoint != "order_actions.owner":
        check_editor(number, owner_id, forms.editor())


@bp.post("/orders/<order_number:number>/payment")
def payment(number: str) -> ResponseReturnValue:
    orders.pay(current_tenant().id, number, by=forms.editor())
    return _redirect(number, _("Order %(number)s marked as paid.", number=number))


@bp.post("/orders/<order_number:number>/shipment")
def shipment(number: str) -> ResponseReturnValue:
    orders.ship(current_tenant().id, number, by=forms.editor())
    return _redirect(number, _("Order %(number)s marked as shipped.", number=number))


@bp.post("/orders/<order_number:number>/refunds")
def refunds(number: str) -> ResponseReturnValue:
    tenant = current_tenant()
    try:
        amount = forms.refund_minor(request.form.get("amount", ""), tenant)
    except MoneyError as error:
        raise RefundInvalid(str(error)) from None
    orders.refund(tenant.id, number, amount, by=forms.editor())
    return _redirect(number, _("Refunded %(amount)s.", amount=money_text(amount)))


@bp.post("/orders/<order_number:number>/cancellation")
def cancellation(number: str) -> ResponseReturnValue:
    orders.cancel(current_tenant().id, number, by=forms.editor())
    return _redirect(number, _("Order %(number)s cancelled.", number=number))


@bp.post("/orders/<order_number:number>/payment-correction")
def payment_correction(number: str) -> ResponseReturnValue:
    reason = request.form.get("payment_reason", "").strip()
    orders.correct_payment(current_tenant().id, number, reason, by=forms.editor())
    return _redirect(number, _("Order %(number)s marked as not paid.", number=number))


@bp.post("/orders/<order_number:number>/shipment-correction")
def shipment_correction(number: str) -> ResponseReturnValue:
    reason = request.form.get("shipment_reason", "").strip()
    orders.correct_shipment(current_tenant().id, number, reason, by=forms.editor())
    return _redirect(number, _("Order %(number)s marked as not shipped.", number=number))


@bp.post("/orders/<order_number:number>/owner")
def owner(number: str) -> ResponseReturnValue:
    chosen = forms.chosen_owner(request.form.get("owner"))
    orders.reassign(current_tenant().id, number, chosen, by=forms.editor())
    flash(_assigned(number, chosen), "success")
    return redirect(order_address(number, chosen), 303)


@bp.errorhandler(OrderRefused)
@bp.errorhandler(OrderInvalid)
@bp.errorhandler(OrderForbidden)
def refused(error: OrderError) -> ResponseReturnValue:
    """The order's page in its current state, with the reason. A state that another person already set is only a notice."""
    category = "info" if isinstance(error, ALREADY_DONE.get(request.endpoint or "", ())) else "danger"
    try:
        return show_page((request.view_args or {})["number"], str(error), status_of(error), category)
    except OrderNotFound as missing:
        return order_not_found(missing)


def _redirect(number: str, message: str) -> ResponseReturnValue:
    flash(message, "success")
    return redirect(url_for("orders.show", number=number), 303)


def _assigned(number: str, owner_id: int | None) -> str:
    if owner_id == current_user.id and not may(current_user, Permission.ASSIGN_ORDERS):
        return _("Order %(number)s is yours now.", number=number)
    name = next((user.name for user in order_page.team(current_tenant()) if user.id == owner_id), None)
    return _("Assigned to %(name)s.", name=name) if name else _("Order %(number)s is unassigned.", number=number)
