"""The statements for consumers in docs/relay.md drop repeats and keep the order."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

from webapp.relay.message import Message

from ..support.event_messages import PAID, message

PAGE = (Path(__file__).parents[2] / "docs" / "relay.md").read_text()


def statements(table: str) -> tuple[str, str]:
    """CREATE TABLE and INSERT of a table, with psycopg's placeholders."""
    (block,) = [text for text in re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL) if f"CREATE TABLE {table}" in text]
    create, _, insert = re.sub(r":([a-z]+)", r"%(\1)s", block).partition("\n\n")
    return create, insert


@pytest.mark.parametrize("table", ["handled_events", "order_progress"])
def test_a_repeat_and_an_older_message_write_no_row(conn: psycopg.Connection, table: str) -> None:
    create, insert = statements(table)
    conn.execute(create)

    def is_new(sent: Message) -> bool:
        return conn.execute(insert, sent.attributes).rowcount == 1

    first, second = message(sequence=9), message(PAID._replace(id=43, type="shipped"), sequence=10)
    other_order = message(PAID._replace(id=44, order_id=8), sequence=2)
    restored = message(PAID._replace(id=45), sequence=1, incarnation=2)
    assert [is_new(sent) for sent in (first, second, other_order, restored)] == [True] * 4
    assert [is_new(sent) for sent in (first, second, other_order, restored)] == [False] * 4
