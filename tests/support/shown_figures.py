"""The figures that a board's HTML shows, in minor units, for comparison with each other."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag


@dataclass(frozen=True)
class ShownFigures:
    """The same facts as the panels show them."""

    revenue: int
    paid: int
    refunds: int
    refunded_in_revenue: int
    orders: int
    hours: int
    people_revenue: int
    people_orders: int

    @property
    def contradictions(self) -> list[str]:
        found = []
        if not self.revenue == self.hours == self.people_revenue == self.paid - self.refunds:
            found.append(f"revenue {self.revenue}, hours {self.hours}, people {self.people_revenue}, paid {self.paid}")
        if self.refunds != self.refunded_in_revenue:
            found.append(f"refunds {self.refunds}, in the revenue tile {self.refunded_in_revenue}")
        if self.orders != self.people_orders:
            found.append(f"orders {self.orders}, of salespeople {self.people_orders}")
        return found


def shown_figures(html: str) -> ShownFigures:
    """Of a page, or of a batch with these panels. The company's currency is the euro, its locale en_GB."""
    page = BeautifulSoup(html, "html.parser")
    paid, refunded = _paid_and_refunded(_text(page, "#revenue .tile-note"))
    people = page.select("#salespeople tbody tr")
    return ShownFigures(
        revenue=_version(page, "revenue"),
        paid=paid,
        refunds=_version(page, "refunds_today"),
        refunded_in_revenue=refunded,
        orders=_version(page, "orders_today"),
        hours=sum(_minor(cell.text) for cell in page.select("#revenue_by_hour tbody td:nth-of-type(1)") if cell.text),
        people_revenue=sum(_minor(row.select("td")[0].text) for row in people),
        people_orders=sum(int(row.select("td")[1].text.split()[0].replace(",", "")) for row in people),
    )


def _text(page: BeautifulSoup, selector: str) -> str:
    found = page.select_one(selector)
    assert isinstance(found, Tag), f"{selector} is missing"
    return found.text


def _version(page: BeautifulSoup, name: str) -> int:
    figure = page.select_one(f"#{name}-figure")
    assert isinstance(figure, Tag), f"the figure of {name} is missing"
    return int(str(figure["data-version"]))


def _minor(text: str) -> int:
    digits = re.sub(r"[^0-9-]", "", text)
    return int(digits) if digits else 0


def _paid_and_refunded(note: str) -> tuple[int, int]:
    """Of "€12.00 paid, €3.00 refunded"."""
    found = re.search(r"(\S+) paid, (\S+) refunded", note)
    assert found, f"the revenue tile has no parts: {note!r}"
    return _minor(found[1]), _minor(found[2])
