"""Filters that need no tenant's data: places for line breaks, and durations."""

from __future__ import annotations

import pytest

from webapp.display.filters import breakable_text, duration_text
from webapp.models import Tenant


def test_only_long_words_break_and_their_characters_are_escaped() -> None:
    assert breakable_text("a.short@word stays") == "a.short@word stays"
    assert breakable_text("broker-one.internal.example.com:9093") == (
        "broker-<wbr>one<wbr>.internal<wbr>.example<wbr>.com:<wbr>9093"
    )
    assert breakable_text("<b>") == "&lt;b&gt;"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"),
        (1.4, "1 second"),
        (59, "59 seconds"),
        (300, "5 minutes"),
        (7200, "2 hours"),
        (200_000, "2 days"),
    ],
)
def test_a_duration_is_given_in_its_largest_unit(seconds: float, text: str) -> None:
    assert duration_text(seconds, Tenant(locale="en_GB")) == text
