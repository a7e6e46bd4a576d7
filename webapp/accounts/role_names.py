"""The roles in words, as pages show them: a name, and one sentence of what the role may do."""

from __future__ import annotations

from ..language import lazy_gettext

ROLE_NAMES = {
    "viewer": lazy_gettext("Viewer"),
    "sales": lazy_gettext("Salesperson"),
    "manager": lazy_gettext("Manager"),
    "admin": lazy_gettext("Admin"),
}
ROLE_DESCRIPTIONS = {
    "viewer": lazy_gettext("Sees the board and all orders. Changes nothing."),
    "sales": lazy_gettext("Places orders and changes their own. Sees the team if the workspace shows it."),
    "manager": lazy_gettext("Changes all orders. Imports orders, and sets targets, TV screens and the workspace."),
    "admin": lazy_gettext("A manager who also has users, sign-in, the audit log, privacy and the relay."),
}


def role_name(role: str) -> str:
    """The name in the language of the page; an unknown role is its own name."""
    return str(ROLE_NAMES.get(role, role))
