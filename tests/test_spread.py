"""How long pages wait before they refetch."""

from __future__ import annotations

from webapp import spread
from webapp.dirty import Dirty
from webapp.spread import MOST_MS, field, spread_ms
from webapp.stream import _changes


def test_few_ask_at_once_and_thousands_within_two_seconds() -> None:
    assert [spread_ms(n) for n in (0, 1, spread.FEW)] == [0, 0, 0]
    assert spread_ms(1_000) == 1_000
    assert [spread_ms(n) for n in (5_000, 1_000_000)] == [MOST_MS, MOST_MS]


def test_what_follows_a_signal_is_folded_for_a_part_of_the_wait() -> None:
    assert spread.fold_seconds(3) == 0
    assert all(0 < spread.fold_seconds(n) <= 0.5 for n in (100, 1_000, 100_000))


def test_more_viewers_never_wait_less() -> None:
    waits = [spread_ms(n) for n in range(10_000)]
    assert waits == sorted(waits)


def test_a_signals_frame_says_it_where_there_is_any() -> None:
    assert (field(3), field(1_000)) == ({}, {"spread": 1_000})
    dirty = Dirty({"revenue": {}}, 7, 5)
    assert b'"spread":1000' in b"".join(_changes(dirty, 1_000))
    assert b"spread" not in b"".join(_changes(dirty, 3))
