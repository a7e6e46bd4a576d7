"""The size class of a TV's figure: its characters, with room for capitals."""

from __future__ import annotations

import pytest

from webapp.display.tv_filters import size_class


@pytest.mark.parametrize(
    ("text", "chars"), [("26", 6), ("€1,250.00", 9), ("€456.8M", 7), ("HUF456.8M", 10), ("9.745 ج.م.\u200f", 10)]
)
def test_capitals_take_more_room_than_digits(text: str, chars: int) -> None:
    assert size_class(text) == f"is-{chars}-chars"
