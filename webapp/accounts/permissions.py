"""The permissions of each role: the one table that routes, templates, queries and notices ask.

All roles read the board, the orders, the history, their own inbox and settings. A permission is an act of some roles only.
The page docs/roles.md shows this table; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from ..models import ROLES


class Permission(StrEnum):
    """One thing that a role may do. Its value is its name in templates: `may("import_orders")`."""

    # The figures and orders of all colleagues, also in a company that shows salespeople only their own.
    SEE_TEAM = "see_team"
    PLACE_ORDERS = "place_orders"
    # Pay, ship, refund, cancel, correct and comment: orders of which the user is the owner.
    CHANGE_OWN_ORDERS = "change_own_orders"
    # The same for every order of the company, and its corrections at any time.
    CHANGE_ALL_ORDERS = "change_all_orders"
    # Choose the owner of an order. Without it, a user who changes own orders takes only unassigned ones.
    ASSIGN_ORDERS = "assign_orders"
    REMOVE_COMMENTS = "remove_comments"  # of other users
    SEE_EMAILS = "see_emails"  # of colleagues, in a downloaded file
    IMPORT_ORDERS = "import_orders"
    ATTACH_TABLES = "attach_tables"
    SET_TARGETS = "set_targets"
    MANAGE_TV = "manage_tv"
    MANAGE_WORKSPACE = "manage_workspace"
    MANAGE_BOARD = "manage_board"
    MANAGE_RELAY = "manage_relay"
    MANAGE_USERS = "manage_users"
    # The rule for the second factor, and single sign-on.
    MANAGE_SIGN_IN = "manage_sign_in"
    # Export and erasure of a person's data, retention, deletion of the tenant.
    MANAGE_PRIVACY = "manage_privacy"
    SEE_AUDIT_LOG = "see_audit_log"


_VIEWER = frozenset({Permission.SEE_TEAM})
_SALES = frozenset({Permission.PLACE_ORDERS, Permission.CHANGE_OWN_ORDERS})
_MANAGER = (_VIEWER | _SALES) | {
    Permission.CHANGE_ALL_ORDERS,
    Permission.ASSIGN_ORDERS,
    Permission.REMOVE_COMMENTS,
    Permission.SEE_EMAILS,
    Permission.IMPORT_ORDERS,
    Permission.ATTACH_TABLES,
    Permission.SET_TARGETS,
    Permission.MANAGE_TV,
    Permission.MANAGE_WORKSPACE,
    Permission.MANAGE_BOARD,
}
_ADMIN = _MANAGER | {
    Permission.MANAGE_RELAY,
    Permission.MANAGE_USERS,
    Permission.MANAGE_SIGN_IN,
    Permission.MANAGE_PRIVACY,
    Permission.SEE_AUDIT_LOG,
}

# The roles whose work is to sell: ranked, and shown their own figures, also before their first sale.
SELLING_ROLES = ("sales",)

PERMISSIONS: Mapping[str, frozenset[Permission]] = MappingProxyType(
    {"viewer": _VIEWER, "sales": _SALES, "manager": _MANAGER, "admin": _ADMIN}
)


class HasRole(Protocol):
    @property
    def role(self) -> str: ...


def may(user: HasRole, permission: Permission) -> bool:
    """Whether the user's role has the permission. A role that this version does not know has none."""
    return permission in PERMISSIONS.get(user.role, frozenset())


def sells(user: HasRole) -> bool:
    return user.role in SELLING_ROLES


def roles_with(permission: Permission) -> tuple[str, ...]:
    """The roles that have the permission, from the one that may least: for queries, and for the texts of refusals."""
    return tuple(role for role in ROLES if permission in PERMISSIONS[role])
