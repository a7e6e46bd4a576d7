"""Writes and deletes comments. Each is one transaction with its event, and with the notifications of those mentioned.

The event is inserted under the order's row lock, as the triggers do, so an order's events keep their order. It has the
comment's id and no text: events are kept and sent to brokers, and the text of a deleted comment must be gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from unicodedata import category
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Connection, cast, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from ..accounts.permissions import Permission, roles_with
from ..db import db
from ..language import gettext as _
from ..models import COMMENT_MAX_CHARS, Notification, Order, OrderComment, OrderEvent, Tenant, User
from ..orders.editors import Editor, may_edit, may_take
from ..orders.errors import OrderNotFound
from . import mentions
from .errors import CommentForbidden, CommentInvalid, CommentNotFound
from .mentions import Colleague

# The event's type, and that of the notifications.
TYPE = "commented"
MENTIONED = "mentioned"


@dataclass(frozen=True)
class WrittenComment:
    """A comment, and the users whose inboxes changed with it."""

    comment_id: int
    notified: tuple[int, ...]


def clean(written: str) -> str:
    """The text with plain line breaks and without control characters. Raises CommentInvalid when it is empty or too long."""
    lines = written.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(sign for sign in lines if sign in "\n\t" or category(sign) != "Cc").strip()
    if not text:
        raise CommentInvalid(_("The comment is empty. Write something, then send it."))
    if len(text) > COMMENT_MAX_CHARS:
        raise CommentInvalid(
            _(
                "The comment has %(count)s characters; at most %(most)s are allowed. Shorten it.",
                count=f"{len(text):,}",
                most=f"{COMMENT_MAX_CHARS:,}",
            )
        )
    return text


def add(tenant_id: int, number: str, written: str, *, by: Editor, key: UUID | None = None) -> WrittenComment:
    """Write a comment of this user. A form sent twice has the same `key` and text, and writes one.

    Each mentioned colleague gets a notification: never the author, a disabled user or a user of another tenant.
    Raises CommentInvalid, CommentForbidden and OrderNotFound.
    """
    text, author_id = clean(written), by.user_id
    with db.engine.begin() as transaction:
        order_id, owner_id = _lock_order(transaction, tenant_id, number)
        check_writer(owner_id, by)
        team = _team(transaction, tenant_id, owner_id)
        mentioned = sorted({mention.user_id for mention in mentions.find(text, team)})
        values = {"tenant_id": tenant_id, "order_id": order_id, "user_id": author_id, "written": text}
        values |= {"mentioned": mentioned, "idempotency_key": key or uuid4()}
        comment_id = _insert(transaction, values)
        if comment_id is None:
            earlier = _earlier(transaction, values)
            if earlier is not None:
                return WrittenComment(earlier, ())
            # A page restored from the browser's history has an old key and a new text.
            comment_id = _insert(transaction, values | {"idempotency_key": uuid4()})
            assert comment_id is not None
        order = (tenant_id, order_id, owner_id)
        event_id = _write_event(transaction, order, author_id, {"comment_id": comment_id, "change": "added"})
        notified = tuple(user_id for user_id in mentioned if user_id != author_id)
        if notified:
            rows = [
                {"tenant_id": tenant_id, "user_id": user, "order_id": order_id, "event_id": event_id, "type": MENTIONED}
                for user in notified
            ]
            transaction.execute(insert(Notification), rows)
    return WrittenComment(comment_id, notified)


def remove(tenant_id: int, number: str, comment_id: int, *, user_id: int, removes_all: bool) -> WrittenComment:
    """Delete a comment with its text and its notifications: an own one, or with `removes_all` any.

    Raises CommentNotFound, CommentForbidden and OrderNotFound.
    """
    with db.engine.begin() as transaction:
        order_id, owner_id = _lock_order(transaction, tenant_id, number)
        comment = OrderComment
        this = (comment.tenant_id == tenant_id, comment.order_id == order_id, comment.id == comment_id)
        author_id = transaction.execute(select(comment.user_id).where(*this)).scalar_one_or_none()
        if author_id is None:
            raise CommentNotFound(_("This comment is already deleted. Nothing was changed."))
        if author_id != user_id and not removes_all:
            raise CommentForbidden(
                _("You can delete your own comments. Ask a manager of your company to delete this one.")
            )
        transaction.execute(delete(comment).where(*this))
        values = {"comment_id": comment_id, "change": "deleted"}
        _write_event(transaction, (tenant_id, order_id, owner_id), user_id, values)
        return WrittenComment(comment_id, _delete_notifications(transaction, tenant_id, order_id, comment_id))


def _delete_notifications(transaction: Connection, tenant_id: int, order_id: int, comment_id: int) -> tuple[int, ...]:
    """The users who had one. Served by ix_order_events_order and ix_notifications_order."""
    event, note = OrderEvent, Notification
    events = select(event.id).where(
        event.tenant_id == tenant_id,
        event.order_id == order_id,
        event.type == TYPE,
        cast(event.new_values["comment_id"].astext, BigInteger) == comment_id,
    )
    mine = (note.tenant_id == tenant_id, note.order_id == order_id, note.type == MENTIONED)
    gone = delete(note).where(*mine, note.event_id.in_(events)).returning(note.user_id)
    return tuple(transaction.execute(gone).scalars())


def _lock_order(transaction: Connection, tenant_id: int, number: str) -> tuple[int, int | None]:
    """The id and the owner of the order, locked until the transaction ends."""
    statement = select(Order.id, Order.owner_id).where(Order.tenant_id == tenant_id, Order.number == number)
    row = transaction.execute(statement.with_for_update(key_share=True)).one_or_none()
    if row is None:
        raise OrderNotFound(
            _("There is no order %(number)s. Search for it in the list of orders.", number=repr(number))
        )
    return row.id, row.owner_id


def _team(transaction: Connection, tenant_id: int, owner_id: int | None) -> list[Colleague]:
    """The active users who see an order of this owner."""
    sees = or_(Tenant.team_visible, User.role.in_(roles_with(Permission.SEE_TEAM)), User.id == owner_id)
    active = select(User.id, User.name, User.email).join(Tenant, Tenant.id == User.tenant_id)
    active = active.where(User.tenant_id == tenant_id, User.disabled_at.is_(None), sees)
    return [Colleague(*row) for row in transaction.execute(active)]


def check_writer(owner_id: int | None, by: Editor) -> None:
    """Raises CommentForbidden unless this user may comment on an order of this owner."""
    if may_edit(owner_id, by):
        return
    if may_take(owner_id, by):
        raise CommentForbidden(_("This order is unassigned. Take it first: then you can comment on it."))
    raise CommentForbidden(
        _("You can comment only on your own orders. Ask a manager of your company to assign this one to you.")
    )


def _insert(transaction: Connection, values: dict[str, Any]) -> int | None:
    """The new comment's id; None if its key has already written one."""
    statement = insert(OrderComment).values(values).on_conflict_do_nothing().returning(OrderComment.id)
    return transaction.execute(statement).scalar_one_or_none()


def _earlier(transaction: Connection, values: dict[str, Any]) -> int | None:
    """The comment of the same key, order and text."""
    same = (getattr(OrderComment, name) == value for name, value in values.items() if name != "mentioned")
    return transaction.execute(select(OrderComment.id).where(*same)).scalar_one_or_none()


def _write_event(
    transaction: Connection, order: tuple[int, int, int | None], actor_id: int, new_values: dict[str, Any]
) -> int:
    tenant_id, order_id, owner_id = order
    values: dict[str, Any] = {"tenant_id": tenant_id, "order_id": order_id, "owner_id": owner_id, "actor_id": actor_id}
    values |= {
        "type": TYPE,
        "via": func.current_setting("application_name"),
        "occurred_at": func.now(),
        "new_values": new_values,
    }
    return transaction.execute(insert(OrderEvent).values(values).returning(OrderEvent.id)).scalar_one()
