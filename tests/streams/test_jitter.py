"""How long pages wait before they refetch."""

from __future__ import annotations

from webapp.streams import jitter, sse
from webapp.streams.jitter import MAX_MS, field, spread_ms
from webapp.streams.pending import PendingTopics


def test_few_ask_at_once_and_thousands_within_two_seconds() -> None:
    assert [spread_ms(n) for n in (0, 1, jitter.CROWD_THRESHOLD)] == [0, 0, 0]
    assert spread_ms(1_000) == 400
    assert [spread_ms(n) for n in (5_000, 1_000_000)] == [MAX_MS, MAX_MS]


def test_more_viewers_never_wait_less() -> None:
    waits = [spread_ms(n) for n in range(10_000)]
    assert waits == sorted(waits)


def test_a_signals_frame_says_it_where_there_is_any() -> None:
    assert (field(3), field(1_000)) == ({}, {"spread": 400})
    dirty = PendingTopics({"revenue": {}}, 7, 5)
    assert b'"spread":400' in sse.changes(dirty, 1_000)
    assert b"spread" not in sse.changes(dirty, 3)
