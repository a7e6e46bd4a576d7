"""Places in a ranking, in words of the page's language."""

from __future__ import annotations

import pytest
from flask import Flask, g

from webapp.display.ordinals import ordinal_text


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (111, "111th"),
    ],
)
def test_an_english_place_has_its_ending(app: Flask, place: int, text: str) -> None:
    with app.app_context():
        g.locale = "en_GB"
        assert ordinal_text(place) == text
