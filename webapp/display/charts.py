"""Charts as geometry: what the SVG macros of components/charts.html draw. No colours, no markup here.

The plot is 1000 units wide and 100 high, y downwards, and is stretched to the room it gets; text stays outside of it, so
it keeps its size on a phone. A value below zero (a day of refunds) hangs from the zero line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT = 1000, 100
BAR_SHARE = 0.68  # of a column's width; the rest is air
TICKS = 4  # steps of the scale, about
STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))  # round ones, times a power of ten


@dataclass(frozen=True)
class Tick:
    """A line of the scale: its value in major units of the currency, and where it is (0 top, 100 bottom)."""

    value: Decimal
    y: float


@dataclass(frozen=True)
class Bar:
    """One column's bar in plot units; `center` in percent of the width, for its label."""

    x: float
    y: float
    width: float
    height: float
    center: float


@dataclass(frozen=True)
class Chart:
    """`line` is an SVG points list ("x,y x,y"), empty when there is nothing to compare with."""

    ticks: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    line: str
    zero_y: float


def bar_chart(values: Sequence[Decimal], compared: Sequence[Decimal] = ()) -> Chart:
    """Bars for `values`, a line over the columns' middles for `compared`; both in major units of the currency."""
    scale = _scale(min((Decimal(0), *values, *compared)), max((Decimal(0), *values, *compared)))
    low, high = scale[0], scale[-1]

    def y(value: Decimal) -> float:
        return round(float((high - value) / (high - low)) * HEIGHT, 2)

    column = WIDTH / max(len(values), 1)
    bars = []
    for n, value in enumerate(values):
        top, bottom = sorted((y(value), y(Decimal(0))))
        x, width = (n + (1 - BAR_SHARE) / 2) * column, column * BAR_SHARE
        center = round((n + 0.5) * column / WIDTH * 100, 2)
        bars.append(Bar(round(x, 2), top, round(width, 2), round(bottom - top, 2), center))
    line = " ".join(f"{(n + 0.5) * column:.1f},{y(value)}" for n, value in enumerate(compared))
    ticks = tuple(Tick(value, y(value)) for value in scale)
    return Chart(ticks, tuple(bars), line if any(compared) else "", y(Decimal(0)))


def shares(values: Sequence[int]) -> list[float]:
    """Each value in percent of the largest, for bars side by side; nothing below zero is drawn."""
    largest = max((0, *values))
    return [round(max(value, 0) / largest * 100, 1) if largest else 0.0 for value in values]


def _scale(low: Decimal, high: Decimal) -> list[Decimal]:
    """Round values from at or below `low` to at or above `high`, in round steps."""
    if low == high:
        return [Decimal(0), Decimal(1)]
    rough = (high - low) / TICKS
    power = Decimal(10) ** rough.adjusted()
    step = next(power * factor for factor in STEPS if power * factor >= rough)
    first, last = (low / step).to_integral_value("ROUND_FLOOR"), (high / step).to_integral_value("ROUND_CEILING")
    return [step * n for n in range(int(first), int(last) + 1)]
