"""The catalog, docs/events.md, the topics and the triggers agree."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

from webapp.comments import writing
from webapp.events import catalog, docs, topics

ROOT = Path(__file__).parents[2]


def test_the_page_equals_the_catalog() -> None:
    page = (ROOT / "docs" / "events.md").read_text()
    assert page == docs.render(), "run `make docs`"


def functions_on(conn: psycopg.Connection, table: str) -> str:
    """The trigger functions of a table, as PostgreSQL has them now."""
    found = conn.execute(
        "SELECT pg_get_functiondef(tgfoid) FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [table]
    )
    return "".join(definition for (definition,) in found)


def test_the_triggers_and_the_comments_write_exactly_the_types_of_the_catalog(conn: psycopg.Connection) -> None:
    sql = functions_on(conn, "orders")
    written = set(re.findall(r"^\s+\('(\w+)',", sql, re.MULTILINE)) | set(re.findall(r"o\.id, '(\w+)',", sql))
    assert written | {writing.TYPE} == set(catalog.TYPES)


def test_every_event_has_known_topics_and_the_page_explains_them_all() -> None:
    assert {topic for event in catalog.CATALOG for topic in event.topics} <= set(topics.BOARD_TOPICS)
    page = docs.render()
    assert all(f"| `{topic}` |" in page for topic in topics.BOARD_TOPICS)


def test_the_trigger_notifies_owners_of_the_types_in_the_catalog(conn: psycopg.Connection) -> None:
    named = re.search(r"WHERE e\.type IN \(([^)]*)\)", functions_on(conn, "order_events"))
    assert named is not None
    assert set(re.findall(r"'(\w+)'", named[1])) == set(catalog.OWNER_TYPES)
