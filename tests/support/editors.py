"""The users who change orders, as the verbs of orders take them (webapp/orders/editors.py)."""

from __future__ import annotations

from webapp.orders.editors import Editor


def manager(user_id: int) -> Editor:
    return Editor(user_id, edits_own=True, edits_all=True, assigns=True)


def salesperson(user_id: int) -> Editor:
    return Editor(user_id, edits_own=True, edits_all=False, assigns=False)


def viewer(user_id: int) -> Editor:
    return Editor(user_id, edits_own=False, edits_all=False, assigns=False)
