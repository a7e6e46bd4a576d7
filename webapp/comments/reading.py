"""The comments of an order, as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from ..db import db
from . import mentions
from .mentions import Colleague, Mention

# Comments on a page: the newest. More are counted.
LIMIT = 100

# Served by ix_order_comments_order.
_SQL = text("""
    SELECT c.id, c.user_id, u.name AS author, c.written, c.created_at, c.total,
           coalesce((SELECT json_agg(json_build_array(m.id, m.name, m.email)) FROM users m
                      WHERE m.tenant_id = :tenant AND m.id = ANY (c.mentioned)), '[]'::json) AS mentioned
    FROM (SELECT *, count(*) OVER () AS total FROM order_comments
           WHERE tenant_id = :tenant AND order_id = :order_id ORDER BY id DESC LIMIT :limit) c
    JOIN users u ON u.tenant_id = :tenant AND u.id = c.user_id
    ORDER BY c.id
""")


@dataclass(frozen=True)
class ShownComment:
    """One comment. `mentions` are the places of the names in the text, of the users whom it mentioned when it was written."""

    id: int
    user_id: int
    author: str
    written: str
    created_at: datetime
    mentions: tuple[Mention, ...]


@dataclass(frozen=True)
class Comments:
    """The newest comments of an order, oldest first, and the number of those before them."""

    comments: tuple[ShownComment, ...]
    earlier: int


def read(tenant_id: int, order_id: int) -> Comments:
    rows = db.session.execute(_SQL, {"tenant": tenant_id, "order_id": order_id, "limit": LIMIT}).all()
    comments = tuple(
        ShownComment(
            row.id,
            row.user_id,
            row.author,
            row.written,
            row.created_at,
            tuple(mentions.find(row.written, (Colleague(*person) for person in row.mentioned))),
        )
        for row in rows
    )
    return Comments(comments, rows[0].total - len(rows) if rows else 0)
