"""order_search_fold() gives what it gave when the search index was built, so the index stays valid without a rebuild."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

FIRST = (Path(__file__).parents[2] / "migrations" / "sql" / "0008_order_search.sql").read_text()


def test_every_character_is_folded_as_when_the_index_was_built(conn: psycopg.Connection) -> None:
    [first] = re.findall(r"CREATE OR REPLACE FUNCTION order_search_fold.*?;\n", FIRST, re.DOTALL)
    conn.execute(first.replace("order_search_fold", "pg_temp.first_fold"))
    different = conn.execute(
        "SELECT array_agg(text) FROM generate_series(1, 65535) AS code,"
        " LATERAL (VALUES (chr(code)), ('Éa' || chr(code) || 'B')) AS v (text)"
        " WHERE code NOT BETWEEN 55296 AND 57343 AND order_search_fold(text) IS DISTINCT FROM pg_temp.first_fold(text)"
    ).fetchone()
    assert different == (None,)
    assert conn.execute("SELECT order_search_fold('MÜLLER'), order_search_fold('Łódź Weiß')").fetchone() == (
        "muller",
        "lodz weiss",
    )
