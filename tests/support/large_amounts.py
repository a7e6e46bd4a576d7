"""Companies whose names are long and whose amounts are large, in currencies that write them in different ways."""

from __future__ import annotations

from .clock import midday_zone
from .world import World

# Locale, currency, minor units of an ordinary order: a year's revenue of a big company in a day.
COMPANIES = (
    ("de_DE", "EUR", 1_234_567_89),
    ("ja_JP", "JPY", 98_765_432),
    ("id_ID", "IDR", 524_439_795_52),
    ("en_IN", "INR", 87_654_321_50),
    ("hu_HU", "HUF", 456_789_012_30),
    ("ar_EG", "EGP", 9_745_27),
    ("en_US", "USD", 99_999_999_99),
)
NAME = "Bartholomäus Wolfeschlegelsteinhausen Featherstonehaugh Lee"
CUSTOMER = "Gesellschaft für Straßenbahnbetriebsordnung und Fahrplan mbH"
ONE_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunte"
ARABIC = "عبد الرحمن محمد عبد العزيز بن عبد اللطيف آل سعود الكبير المصر"
CHINESE = "上海浦东国际机场贸易服务股份有限公司" * 3
PEOPLE = (
    NAME,
    "Siti Rahayu",
    "Kabir Khan",
    ONE_WORD,
    ARABIC,
    CHINESE,
    "Adaeze Nwachukwu-Featherstonehaugh of Upper Slaughter, Esq.",
)
CUSTOMERS = (CUSTOMER, "Bo", ONE_WORD, ARABIC, CHINESE)
assert len(CUSTOMER) == len(ONE_WORD) == 60


def company(world: World, locale: str, currency: str, minor: int) -> int:
    """The id of its first salesperson. Orders of today and yesterday, each person's, in every state."""
    tenant = world.tenant(
        f"c-{currency.lower()}",
        name="Vereinigte Landmaschinenhandelsgesellschaft & Söhne (Holding)",
        timezone=midday_zone(),
        currency=currency,
        locale=locale,
    )
    people = [world.user(tenant, name, email=f"{n}@{tenant}.example", role="sales") for n, name in enumerate(PEOPLE)]
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, owner_id, currency, total_minor, placed_at, paid_at, shipped_at)"
        " SELECT %(t)s, 'LONG-' || 20260000 + n, (%(customers)s::text[])[n %% 5 + 1], %(people)s[n %% 7 + 1],"
        "   %(c)s, %(minor)s + n * 111, at, CASE WHEN n %% 4 > 0 THEN at END, CASE WHEN n %% 4 > 1 THEN at END"
        " FROM generate_series(1, 40) n,"
        "   LATERAL (SELECT now() - CASE WHEN n > 26 THEN interval '1 day' ELSE '1 second' END AS at) AS moment",
        {"t": tenant, "customers": list(CUSTOMERS), "people": people, "c": currency, "minor": minor},
    )
    world.conn.execute(
        "INSERT INTO order_lines (tenant_id, order_id, position, sku, product, quantity, unit_price_minor, total_minor)"
        " SELECT tenant_id, id, 1, 'BLEND-1', 'Beeswax candle from Södertälje, set of four', 2.5, total_minor / 2, total_minor"
        " FROM orders WHERE tenant_id = %s",
        [tenant],
    )
    world.conn.execute(
        "UPDATE orders SET refunded_minor = total_minor / 3 WHERE number = 'LONG-20260003' AND tenant_id = %s", [tenant]
    )
    return people[0]
