"""The geometry of charts, which the SVG macros of components/charts.html draw. It has no colours and no markup.

The plot is 1000 units wide and 100 high, with y downwards, and is stretched to the available space. Text is outside of it,
so it keeps its size on a phone. The bar of a negative value (a day of refunds) extends below the zero line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT = 1000, 100
BAR_SHARE = 0.68  # of a column's width
SPARK_HEIGHT, SPARK_STEP = 21, 10
TICKS = 4  # approximate steps of the scale
# Round steps, to be multiplied by a power of ten.
STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True)
class Tick:
    """A line of the scale: its value in major units of the currency and its position (0 top, 100 bottom)."""

    value: Decimal
    y: float


@dataclass(frozen=True)
class Bar:
    """A column's bar in plot units; `center` is in percent of the width, for the label."""

    x: float
    y: float
    width: float
    height: float
    center: float


@dataclass(frozen=True)
class Chart:
    """A chart's geometry. `line` is a list of SVG points ("x,y x,y"), empty without values to compare with."""

    ticks: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    line: str
    zero_y: float


def bar_chart(values: Sequence[Decimal], compared: Sequence[Decimal] = ()) -> Chart:
    """Bars for `values` and a line through the columns' centers for `compared`, in major units of the currency."""
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


@dataclass(frozen=True)
class SparkBar:
    """A bar of a tile's line, in units of 240 by 22."""

    x: int
    y: float
    height: float


def spark_bars(values: Sequence[int | None]) -> list[SparkBar]:
    """A bar per hour. A negative hour has none; its value is in the chart by hour."""
    largest = max((value for value in values if value), default=0)
    bars = []
    for hour, value in enumerate(values):
        height = round(SPARK_HEIGHT * value / largest, 1) if value and value > 0 and largest > 0 else 0.0
        bars.append(SparkBar(hour * SPARK_STEP + 1, SPARK_HEIGHT - height, height))
    return bars


def shares(values: Sequence[int]) -> list[float]:
    """Each value in percent of the largest, for horizontal bars; 0 for a negative value."""
    largest = max((0, *values))
    return [round(max(value, 0) / largest * 100, 1) if largest else 0.0 for value in values]


def _scale(low: Decimal, high: Decimal) -> list[Decimal]:
    """The values of the scale in round steps, from at most `low` to at least `high`."""
    if low == high:
        return [Decimal(0), Decimal(1)]
    rough = (high - low) / TICKS
    power = Decimal(10) ** rough.adjusted()
    step = next(power * factor for factor in STEPS if power * factor >= rough)
    first, last = (low / step).to_integral_value("ROUND_FLOOR"), (high / step).to_integral_value("ROUND_CEILING")
    return [step * n for n in range(int(first), int(last) + 1)]
