"""Comments in a real database: the row, its event, the notifications, and what remains after it was deleted."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from flask import Flask

from webapp.comments import reading, writing
from webapp.comments.errors import CommentForbidden, CommentInvalid, CommentNotFound
from webapp.orders.errors import OrderNotFound

from ..support.editors import manager
from ..support.world import World

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant()


@pytest.fixture
def ana(world: World, tenant: int) -> int:
    return world.user(tenant)


@pytest.fixture
def order(world: World, tenant: int) -> int:
    return world.order(tenant, number="7")


def inbox(world: World) -> list[tuple[int, str]]:
    return world.conn.execute("SELECT user_id, type FROM notifications ORDER BY user_id").fetchall()


def test_a_comment_writes_an_event_without_its_text(world: World, tenant: int, ana: int, order: int) -> None:
    written = writing.add(tenant, "7", " Call\r\nthem \0", by=manager(ana))
    (comment,) = reading.read(tenant, order).comments
    assert (comment.id, comment.author, comment.written) == (written.comment_id, "Ana Silva", "Call\nthem")
    event = world.events()[-1]
    assert (event["type"], event["order_id"], event["actor_id"]) == ("commented", order, ana)
    assert event["new_values"] == {"comment_id": written.comment_id, "change": "added"}
    assert (event["old_values"], event["amount_minor"], event["via"]) == (None, None, "doorbell web")
    assert "Call" not in str(world.conn.execute("SELECT e::text FROM order_events e").fetchall())


def test_mentioned_colleagues_are_notified_but_not_the_author_a_disabled_user_or_another_tenant(
    world: World, tenant: int, ana: int, order: int
) -> None:
    ben, gone = world.user(tenant, "Ben Okafor"), world.user(tenant, "Gone Away", disabled_at="2026-01-01")
    world.user(world.tenant("other"), "Eve Moreau")
    text = "@Ben Okafor @ben okafor @Ana Silva @Gone Away @Eve Moreau"
    written = writing.add(tenant, "7", text, by=manager(ana))
    assert written.notified == (ben,)
    assert inbox(world) == [(ben, "mentioned")]
    event_id = world.conn.execute("SELECT event_id FROM notifications").fetchone()
    assert event_id == (world.events()[-1]["id"],)
    (comment,) = reading.read(tenant, order).comments
    assert {mention.user_id for mention in comment.mentions} == {ana, ben}
    assert gone


def test_a_form_sent_twice_writes_one_comment_and_one_notification(
    world: World, tenant: int, ana: int, order: int, app: Flask
) -> None:
    world.user(tenant, "Ben Okafor")
    key, found = uuid4(), []

    def send() -> None:
        with app.app_context():
            found.append(writing.add(tenant, "7", "@Ben look", by=manager(ana), key=key).comment_id)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert len(inbox(world)) == 1
    assert len(reading.read(tenant, order).comments) == 1
    # A page from the browser's history sends its old key with a new text.
    assert writing.add(tenant, "7", "Another", by=manager(ana), key=key).comment_id not in found


def test_a_deleted_comment_leaves_no_text_and_no_notification(world: World, tenant: int, ana: int, order: int) -> None:
    ben = world.user(tenant, "Ben Okafor")
    kept = writing.add(tenant, "7", "@Ben stays", by=manager(ana))
    secret = writing.add(tenant, "7", "@Ben secret", by=manager(ana)).comment_id
    removed = writing.remove(tenant, "7", secret, user_id=ana, removes_all=False)
    assert removed.notified == (ben,)
    assert [comment.id for comment in reading.read(tenant, order).comments] == [kept.comment_id]
    assert len(inbox(world)) == 1
    assert world.events()[-1]["new_values"] == {"comment_id": secret, "change": "deleted"}
    for table in ("order_events", "notifications", "order_comments"):
        assert "secret" not in str(world.conn.execute(f"SELECT t::text FROM {table} t").fetchall())
    with pytest.raises(CommentNotFound):
        writing.remove(tenant, "7", secret, user_id=ana, removes_all=False)


def test_only_the_author_and_managers_delete_a_comment(world: World, tenant: int, ana: int, order: int) -> None:
    ben = world.user(tenant, "Ben Okafor")
    comment = writing.add(tenant, "7", "Mine", by=manager(ana)).comment_id
    world.order(tenant, number="8")
    with pytest.raises(CommentForbidden, match="Ask a manager"):
        writing.remove(tenant, "7", comment, user_id=ben, removes_all=False)
    with pytest.raises(CommentNotFound):
        writing.remove(tenant, "8", comment, user_id=ana, removes_all=False)
    writing.remove(tenant, "7", comment, user_id=ben, removes_all=True)
    assert reading.read(tenant, order).comments == ()


@pytest.mark.parametrize(
    ("text", "reason"), [("", "empty"), (" \n\0", "empty"), ("x" * 2001, "2,001 characters; at most")]
)
def test_an_empty_or_long_comment_is_refused(
    world: World, tenant: int, ana: int, order: int, text: str, reason: str
) -> None:
    with pytest.raises(CommentInvalid, match=reason):
        writing.add(tenant, "7", text, by=manager(ana))
    writing.add(tenant, "7", "x" * 2000, by=manager(ana))


def test_an_order_of_another_tenant_is_not_found(world: World, tenant: int, ana: int) -> None:
    other = world.tenant("other")
    world.order(other, number="7")
    with pytest.raises(OrderNotFound):
        writing.add(tenant, "7", "Hello", by=manager(ana))


def test_the_newest_comments_are_shown_and_the_others_counted(world: World, tenant: int, ana: int, order: int) -> None:
    world.conn.execute(
        "INSERT INTO order_comments (tenant_id, order_id, user_id, written, idempotency_key)"
        " SELECT %s, %s, %s, n::text, gen_random_uuid() FROM generate_series(1, 130) AS n",
        [tenant, order, ana],
    )
    found = reading.read(tenant, order)
    assert (found.comments[0].written, found.comments[-1].written, found.earlier) == ("31", "130", 30)


def test_comments_go_with_their_order(world: World, tenant: int, ana: int, order: int) -> None:
    writing.add(tenant, "7", "Hello", by=manager(ana))
    world.conn.execute("DELETE FROM orders")
    assert world.conn.execute("SELECT count(*) FROM order_comments").fetchone() == (0,)
