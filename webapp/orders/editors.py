"""Which orders a user may change: pure functions, without database or HTTP. A program, None, may change all.

A verb asks them under the order's row lock (orders/verbs.py), so an order that was reassigned meanwhile is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..language import gettext as _
from .errors import OrderForbidden


@dataclass(frozen=True)
class Editor:
    """A user who changes orders: the own ones, all, or none. One who `assigns` chooses the owner of any order."""

    user_id: int
    edits_own: bool
    edits_all: bool
    assigns: bool


def may_edit(owner_id: int | None, by: Editor | None) -> bool:
    """Whether this user may change an order of this owner: pay, ship, refund, cancel, correct and comment."""
    return by is None or by.edits_all or (by.edits_own and owner_id == by.user_id)


def may_take(owner_id: int | None, by: Editor) -> bool:
    """Whether this user may become the owner of the order: of an unassigned one. After that it is an own order."""
    return by.edits_own and owner_id is None


def check_editor(number: str, owner_id: int | None, by: Editor | None) -> None:
    """Raises OrderForbidden unless this user may change the order."""
    if by is None or may_edit(owner_id, by):
        return
    if may_take(owner_id, by):
        raise OrderForbidden(
            _("Order %(number)s is unassigned. Take it first: then it is yours to change.", number=number)
        )
    _check_not_a_viewer(by)
    raise OrderForbidden(
        _(
            "You can change only your own orders. "
            "Ask a manager of your company to change order %(number)s, or to assign it to you.",
            number=number,
        )
    )


def check_assignment(number: str, owner_id: int | None, new_owner_id: int | None, by: Editor | None) -> None:
    """Raises OrderForbidden unless this user may give the order from one owner to another; None is no owner."""
    if by is None or by.assigns or (may_take(owner_id, by) and new_owner_id == by.user_id):
        return
    _check_not_a_viewer(by)
    raise OrderForbidden(
        _(
            "Only managers and admins can reassign orders. Ask one of them to reassign order %(number)s. "
            "You can take orders that are unassigned.",
            number=number,
        )
    )


def check_placing(owner_id: int | None, by: Editor | None) -> None:
    """Raises OrderForbidden unless this user may place an order of this owner."""
    if by is None or by.assigns or (by.edits_own and owner_id == by.user_id):
        return
    _check_not_a_viewer(by)
    raise OrderForbidden(
        _("You can place orders only for yourself. Ask a manager of your company to place one for a colleague.")
    )


def _check_not_a_viewer(by: Editor) -> None:
    if not by.edits_own:
        raise OrderForbidden(
            _("Viewers can only read. Ask a colleague to do it, or an admin of your company to change your role.")
        )
