"""Statements in two forms: for the whole team, and limited to the orders of one salesperson.

In its SQL, a statement has a mark at each condition on the tenant: `o.tenant_id = :tenant /* own o */`. For the team the marks
are removed; for one salesperson they are conditions on the owner. Salespeople get the second form when their company hides the
team from them (accounts/cached_user.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Result, text

from ..db import db

# With an alias of a table that has an `owner_id`, or with another column, such as u.id.
_MARK = re.compile(r" ?/\* own(?: (\w+)(?:\.(\w+))?)? \*/")


class TeamStatement:
    """A statement with marks. `own_sql` is given where the orders of one salesperson are read in another way."""

    def __init__(self, sql: str, own_sql: str | None = None) -> None:
        own = sql if own_sql is None else own_sql
        if not _MARK.search(own):
            raise ValueError("the statement has no mark /* own */, so it would show a salesperson the whole team")
        self.team, self.own = text(_MARK.sub("", sql)), text(_MARK.sub(_condition, own))

    def execute(self, owner_id: int | None, values: Mapping[str, Any]) -> Result[Any]:
        """Run it for the orders of this salesperson, or of the whole team for None."""
        statement = self.team if owner_id is None else self.own
        return db.session.execute(statement, {**values, "owner": owner_id})


def _condition(mark: re.Match[str]) -> str:
    table, column = mark[1], mark[2] or "owner_id"
    return f" AND {table}.{column} = :owner" if table else f" AND {column} = :owner"
