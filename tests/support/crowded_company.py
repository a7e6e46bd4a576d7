"""A company of two hundred salespeople in a busy week: every panel of the board is full."""

from __future__ import annotations

from .clock import midday_zone
from .large_amounts import CUSTOMER, NAME
from .world import World

SALESPEOPLE = 200
ORDERS = 400
# The two people whose boards differ.
MANAGER, SALESPERSON = "Mia Manager", "Salesperson 1"


def crowded_company(world: World, locale: str, currency: str, minor: int) -> dict[str, int]:
    """The ids of MANAGER and SALESPERSON. `minor` is the total of an ordinary order."""
    tenant = world.tenant(
        f"x-{currency.lower()}", name="Larkspur Home & Söhne", timezone=midday_zone(), currency=currency, locale=locale
    )
    world.conn.execute(
        "INSERT INTO users (tenant_id, email, name, role) SELECT %(t)s, n || '@' || %(c)s || '.example',"
        "   CASE n WHEN 0 THEN %(manager)s WHEN 2 THEN %(long)s ELSE 'Salesperson ' || n END,"
        "   CASE n WHEN 0 THEN 'manager' ELSE 'sales' END FROM generate_series(0, %(people)s) AS n",
        {"t": tenant, "c": currency.lower(), "manager": MANAGER, "long": NAME, "people": SALESPEOPLE},
    )
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, owner_id, currency, total_minor, placed_at, paid_at, shipped_at)"
        " SELECT %(t)s, 'P-' || 20260000 + n, CASE WHEN n %% 3 = 0 THEN 'Bo' ELSE %(customer)s END,"
        "   (SELECT id FROM users WHERE tenant_id = %(t)s AND email = n %% %(people)s + 1 || '@' || %(c)s || '.example'),"
        "   upper(%(c)s), %(minor)s + n * 111, at, CASE WHEN n %% 4 > 0 THEN at END, CASE WHEN n %% 4 > 1 THEN at END"
        " FROM generate_series(1, %(orders)s) AS n,"
        "   LATERAL (SELECT now() - CASE WHEN n > 250 THEN interval '1 day' ELSE '1 second' END AS at) AS moment",
        {
            "t": tenant,
            "c": currency.lower(),
            "customer": CUSTOMER,
            "people": SALESPEOPLE,
            "minor": minor,
            "orders": ORDERS,
        },
    )
    world.conn.execute(
        "INSERT INTO order_lines (tenant_id, order_id, position, sku, product, quantity, unit_price_minor, total_minor)"
        " SELECT tenant_id, id, 1, 'BLEND-1', 'Beeswax candle from Södertälje, set of four', 2.5, total_minor / 2, total_minor"
        " FROM orders WHERE tenant_id = %s",
        [tenant],
    )
    found = world.conn.execute("SELECT name, id FROM users WHERE tenant_id = %s", [tenant]).fetchall()
    return {name: id for name, id in found if name in (MANAGER, SALESPERSON)}
