"""The made-up company: who sells, who buys, what for, and at which hours."""

from __future__ import annotations

import random
from datetime import datetime
from decimal import Decimal

from ..orders.new_order import NewLine

SLUG = "demo"
NAME = "Larkspur Home"
TIMEZONE = "Europe/Berlin"
CURRENCY = "EUR"
LOCALE = "en_GB"
MANAGER = ("Mara Lindqvist", "mara@demo.example")
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

BY_WEEKDAY = (1.0, 1.05, 1.05, 1.1, 1.2, 0.85, 0.65)  # Monday first
BY_HOUR = (
    5,
    3,
    2,
    2,
    3,
    6,
    12,
    20,
    30,
    40,
    46,
    48,
    42,
    40,
    41,
    42,
    42,
    41,
    40,
    41,
    40,
    32,
    20,
    10,
)  # local, from midnight


ORDERS_A_DAY = 260  # on an average day now; the company grew to it from two thirds of that
MINUTES_TO_PAY = 14  # on average, from the order to its payment
MINUTES_TO_SHIP = 660  # likewise, from the payment to the shipment
SHIPPING_MINOR = 490  # what express shipping adds to an order
LEFT_PLACED = 5  # newest orders that wait for a payment: the README's tour needs one


def orders_a_second(moment: datetime) -> float:
    """How many are placed at this moment of the company's week; `moment` is in its time zone."""
    share = BY_HOUR[moment.hour] / sum(BY_HOUR)
    return ORDERS_A_DAY * BY_WEEKDAY[moment.weekday()] * share / 3600


def customer(dice: random.Random) -> str:
    return f"{dice.choice(FIRST)} {dice.choice(SECOND)}"


def basket(dice: random.Random) -> tuple[NewLine, ...]:
    """One to three different products."""
    count = dice.choices((1, 2, 3), (60, 28, 12))[0]
    chosen = dict.fromkeys(dice.choices(PRODUCTS, POPULARITY, k=count))
    return tuple(
        NewLine(product, Decimal(dice.choices((1, 2, 4), (70, 22, 8))[0]), price, sku) for sku, product, price in chosen
    )


def salesperson(dice: random.Random, ids: list[int]) -> int:
    """One of `ids`, which are the salespeople in the order of their making."""
    return dice.choices(ids, SHARES[: len(ids)])[0]
