"""A bar chart as an SVG file, for light and dark themes, with the geometry of the board's charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from webapp.display.charts import shares

WIDTH, LEFT, RIGHT, ROW, TOP = 760, 270, 90, 24, 44
STYLE = """
  rect.ground { fill: #ffffff } text { fill: #1f2933; font: 13px system-ui, sans-serif } .title { font-weight: 600 }
  .value { font-variant-numeric: tabular-nums } .bar { fill: #0a5fb4 } .baseline { fill: #9aa5b1 }
  @media (prefers-color-scheme: dark) {
    rect.ground { fill: #151719 } text { fill: #e6e8ea } .bar { fill: #6ea8fe } .baseline { fill: #5f6a76 }
  }
"""


@dataclass(frozen=True)
class Bar:
    """One bar; a baseline is drawn in grey."""

    label: str
    value: float
    baseline: bool = False


def svg(title: str, bars: Sequence[Bar]) -> str:
    """The bars below each other, scaled to the largest."""
    height = TOP + ROW * len(bars) + 8
    lengths = shares([round(bar.value * 1000) for bar in bars])
    described = escape("; ".join(f"{bar.label}: {number(bar.value)}" for bar in bars))
    rows = [_row(n, bar, length) for n, (bar, length) in enumerate(zip(bars, lengths, strict=True))]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">',
            f"<title>{escape(title)}</title><desc>{described}</desc><style>{STYLE}</style>",
            f'<rect class="ground" width="{WIDTH}" height="{height}"/>',
            f'<text class="title" x="12" y="26">{escape(title)}</text>',
            *rows,
            "</svg>\n",
        )
    )


def _row(n: int, bar: Bar, length: float) -> str:
    y, width = TOP + n * ROW, max(1.0, (WIDTH - LEFT - RIGHT) * length / 100)
    kind = "baseline" if bar.baseline else "bar"
    return (
        f'<text x="{LEFT - 10}" y="{y + 14}" text-anchor="end">{escape(bar.label)}</text>'
        f'<rect class="{kind}" x="{LEFT}" y="{y + 2}" width="{width:.1f}" height="{ROW - 8}" rx="2"/>'
        f'<text class="value" x="{LEFT + width + 8:.1f}" y="{y + 14}">{number(bar.value)}</text>'
    )


def number(value: float) -> str:
    """1234.5 → "1,234"; below 100 the decimals are kept."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:g}"
