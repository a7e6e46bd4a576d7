"""The random delay of pages before they refetch."""

from __future__ import annotations

from webapp.signals.signal import Signal
from webapp.streams import jitter, sse
from webapp.streams.jitter import MAX_MS, field, jitter_ms


def test_few_pages_refetch_at_once_and_thousands_within_two_seconds() -> None:
    assert [jitter_ms(n) for n in (0, 1, jitter.CROWD_THRESHOLD)] == [0, 0, 0]
    assert jitter_ms(1_000) == 400
    assert [jitter_ms(n) for n in (5_000, 1_000_000)] == [MAX_MS, MAX_MS]


def test_more_viewers_never_wait_less() -> None:
    waits = [jitter_ms(n) for n in range(10_000)]
    assert waits == sorted(waits)


def test_a_frame_carries_the_jitter_only_when_there_is_one() -> None:
    assert (field(3), field(1_000)) == ({}, {"jitter": 400})
    signal = Signal(7, {"revenue": None}, at=5)
    assert b'"jitter":400' in sse.changes(signal, 1_000)
    assert b"jitter" not in sse.changes(signal, 3)
