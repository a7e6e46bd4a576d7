"""The fictional company: its salespeople, customers, products and hours."""

from __future__ import annotations

import random
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..orders.new_order import NewLine

SLUG = "demo"
NAME = "Larkspur Home"
TIMEZONE = "Europe/Berlin"
CURRENCY = "EUR"
LOCALE = "en_GB"
ADMIN = ("Ida Falk", "ida@demo.example")
MANAGER = ("Mara Lindqvist", "mara@demo.example")
VIEWER = ("Vera Nowak", "vera@demo.example")
SALESPEOPLE = (
    ("Ana Silva", "ana@demo.example"),
    ("Ben Okafor", "ben@demo.example"),
    ("Chloé Martin", "chloe@demo.example"),
    ("Dmitri Ivanov", "dmitri@demo.example"),
    ("Emeka Obi", "emeka@demo.example"),
)
SHARES = (30, 25, 20, 15, 10)  # of the orders, by salesperson

FIRST = ("Hotel", "Café", "Studio", "Atelier", "Villa", "Pension", "Bistro", "Gallery", "Practice", "Workshop")
SECOND = ("Adler", "Bellevue", "Corso", "Duval", "Engel", "Fontana", "Granit", "Iris", "Jansen", "Linde", "Söderberg")

# Stock-keeping unit, product, price in cents.
PRODUCTS = (
    ("LH-101", "Linen cushion", 2490),
    ("LH-102", "Wool throw", 6900),
    ("LH-118", "Beeswax candle, set of 4", 1650),
    ("LH-140", "Stoneware mug", 1490),
    ("LH-141", "Stoneware bowl", 1890),
    ("LH-155", "Oak serving board", 3900),
    ("LH-201", "Table lamp, brass", 12900),
    ("LH-202", "Paper pendant lamp", 5400),
    ("LH-230", "Wall mirror, round", 8900),
    ("LH-260", "Cotton rug, 140 × 200 cm", 14900),
    ("LH-275", "Waxed apron", 4250),
    ("LH-301", "Side table, ash", 18900),
)
POPULARITY = (14, 7, 12, 16, 12, 8, 4, 6, 4, 3, 7, 2)

# Relative number of orders, from Monday.
BY_WEEKDAY = (1.0, 1.05, 1.05, 1.1, 1.2, 0.85, 0.65)
# Relative number of orders per local hour, from midnight.
BY_HOUR = (5, 3, 2, 2, 3, 6, 12, 20, 30, 40, 46, 48, 42, 40, 41, 42, 42, 41, 40, 41, 40, 32, 20, 10)

# On an average day now; the company grew to it from two thirds of that.
ORDERS_PER_DAY = 260
MINUTES_TO_PAY = 14  # average, from placing to payment
MINUTES_TO_SHIP = 660  # average, from payment to shipment
SHIPPING_MINOR = 490  # price of express shipping
# Of orders that the demo begins with, unless DEMO_WEEKS names another number.
WEEKS = 6
# The newest orders, which stay unpaid: the README's tour needs one.
LEFT_PLACED = 5


def orders_per_second(moment: datetime) -> float:
    """The rate of orders at this time of the company's week; `moment` is in its time zone."""
    share = BY_HOUR[moment.hour] / sum(BY_HOUR)
    return ORDERS_PER_DAY * BY_WEEKDAY[moment.weekday()] * share / 3600


def customer(rng: random.Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(SECOND)}"


def basket(rng: random.Random) -> tuple[NewLine, ...]:
    """One to three different products."""
    # Imported here, because the launcher's settings use this module, and the database's libraries take 0.8 s.
    from ..orders.new_order import NewLine

    count = rng.choices((1, 2, 3), (60, 28, 12))[0]
    chosen = dict.fromkeys(rng.choices(PRODUCTS, POPULARITY, k=count))
    return tuple(
        NewLine(product, Decimal(rng.choices((1, 2, 4), (70, 22, 8))[0]), price, sku) for sku, product, price in chosen
    )


def salesperson(rng: random.Random, ids: list[int]) -> int:
    """One of `ids`, the salespeople in order of creation."""
    return rng.choices(ids, SHARES[: len(ids)])[0]
