"""Charts: geometry in attributes, no inline styles or scripts, all texts escaped."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise

import pytest
from flask import Flask, render_template_string
from flask_login import login_user

from webapp.db import db
from webapp.display.charts import bar_chart, shares
from webapp.models import User

from ..support.world import World


def d(*values: int | str) -> list[Decimal]:
    return [Decimal(value) for value in values]


def test_bars_reach_from_the_zero_line_to_their_value() -> None:
    chart = bar_chart(d(0, 50, 100))
    assert [(bar.y, bar.height) for bar in chart.bars] == [(100, 0), (50, 50), (0, 100)]
    assert chart.zero_y == 100


def test_a_negative_value_extends_below_the_zero_line() -> None:
    chart = bar_chart(d(100, -100))
    assert chart.zero_y == 50
    assert [(bar.y, bar.height) for bar in chart.bars] == [(0, 50), (50, 50)]


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        (("940",), ["0", "250", "500", "750", "1000"]),
        (("8",), ["0", "2", "4", "6", "8"]),
        (("0.03",), ["0.00", "0.01", "0.02", "0.03"]),
        (("-30", "90"), ["-50", "0", "50", "100"]),
        (("0", "0"), ["0", "1"]),
        ((), ["0", "1"]),
    ],
)
def test_the_scale_has_round_steps_and_covers_every_value(values: tuple[str, ...], scale: list[str]) -> None:
    assert [tick.value for tick in bar_chart(d(*values)).ticks] == d(*scale)


def test_bars_stay_apart_and_inside_the_plot() -> None:
    bars = bar_chart(d(*range(1, 31))).bars
    assert all(left.x + left.width < right.x for left, right in pairwise(bars))
    assert bars[0].x > 0
    assert bars[-1].x + bars[-1].width < 1000


def test_the_line_follows_the_compared_values_and_is_omitted_without_them() -> None:
    assert bar_chart(d(1, 1), d(100, 0)).line == "250.0,0.0 750.0,100.0"
    assert bar_chart(d(1, 1), d(0, 0)).line == ""


def test_shares_are_relative_to_the_largest_and_never_negative() -> None:
    assert shares([200, 50, -10]) == [100.0, 25.0, 0.0]
    assert shares([0, -5]) == [0.0, 0.0]
    assert shares([]) == []


@pytest.fixture
def drawn(app: Flask, world: World) -> str:
    """Bars of 5,000 and 10,000 with a line, and with texts that contain markup."""
    source = """{% from "components/charts.html" import bar_chart %}{{ bar_chart(chart, labels, summary, 1) }}"""
    user_id = world.user(world.tenant())
    with app.test_request_context():
        login_user(db.session.get_one(User, user_id))
        return render_template_string(
            source,
            chart=bar_chart(d(5000, 10000), d(1, 2)),
            labels=["<b>a</b>", ""],
            summary='"><script>x</script>',
        )


def test_a_drawn_chart_has_geometry_and_a_name_and_no_style(drawn: str) -> None:
    assert drawn.count("<rect") == 2
    assert 'class="chart-bar is-current"' in drawn
    assert re.search(r'<rect [^>]*x="[\d.]+" y="[\d.]+" width="[\d.]+" height="[\d.]+"', drawn)
    assert 'role="img" aria-label="' in drawn
    assert ">7.5K</text>" in drawn
    assert " style=" not in drawn
    assert not re.search(r"\son\w+=", drawn)


def test_a_drawn_chart_escapes_its_texts(drawn: str) -> None:
    assert "<script>" not in drawn
    assert "<b>" not in drawn
    assert "&lt;b&gt;a&lt;/b&gt;" in drawn
