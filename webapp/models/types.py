"""Types of PostgreSQL that SQLAlchemy lacks: transaction ids and snapshots."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_kw: Any) -> str:
        return "xid8"


class PgSnapshot(UserDefinedType[str]):
    """PostgreSQL's `pg_snapshot`, as text `xmin:xmax:xip,…`."""

    cache_ok = True

    def get_col_spec(self, **_kw: Any) -> str:
        return "pg_snapshot"


# For reflection (flask db check).
ischema_names.update({"xid8": Xid8, "pg_snapshot": PgSnapshot})
