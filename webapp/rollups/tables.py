"""The tables of rollups: what a row counts, and the SQL that counts it from the orders."""

from __future__ import annotations

from dataclasses import dataclass

# `h` is an hour with tenant_id, hour, timezone, opens and closes. `opens` and `closes` enclose each instant at which the
# tenant's clock shows the hour. Without a clock change that is exactly the hour. Near a change it is wider, so date_trunc
# decides, and the index is still used.
_IN_HOUR = """{at} >= h.opens AND {at} < h.closes AND date_trunc('hour', {at} AT TIME ZONE h.timezone) = h.hour"""
_PLACED = f"""o.tenant_id = h.tenant_id AND {_IN_HOUR.format(at="o.placed_at")}
            AND o.status NOT IN ('cancelled', 'refunded')"""
_PAID = f"o.tenant_id = h.tenant_id AND {_IN_HOUR.format(at='o.paid_at')}"
# Orders that were removed by their age (privacy/retention.py), per quarter of an hour, so no time zone divides a row.
_REMOVED = f"r.tenant_id = h.tenant_id AND {_IN_HOUR.format(at='r.at')}"
_LINES = "JOIN order_lines l ON l.tenant_id = o.tenant_id AND l.order_id = o.id"


@dataclass(frozen=True)
class RollupTable:
    """A pair of tables, `<prefix>_hourly` and `<prefix>_daily`, with a row per `key` of the figures.

    `parts` selects the key and the figures of the orders of one hour `h`, with several rows per key.
    """

    prefix: str
    key: str
    figures: tuple[str, ...]
    parts: str

    @property
    def hourly(self) -> str:
        return f"{self.prefix}_hourly"

    @property
    def daily(self) -> str:
        return f"{self.prefix}_daily"

    def columns(self, form: str = "{}") -> str:
        """The figures as a list in SQL, each in this form: "sum({0}) AS {0}"."""
        return ", ".join(form.format(figure) for figure in self.figures)


# All figures belong to the order's present owner. Owner 0 stands for unassigned orders.
OWNERS = RollupTable(
    "rollups",
    "owner_id",
    ("orders", "paid_orders", "revenue_minor", "refunded_minor"),
    f"""
        SELECT coalesce(o.owner_id, 0) AS owner_id,
               count(*) AS orders, 0 AS paid_orders, 0 AS revenue_minor, 0 AS refunded_minor
        FROM orders o WHERE {_PLACED}
        GROUP BY 1
        UNION ALL
        SELECT coalesce(o.owner_id, 0), 0, count(*), sum(o.total_minor), 0 FROM orders o WHERE {_PAID}
        GROUP BY 1
        UNION ALL
        SELECT coalesce(o.owner_id, 0), 0, 0, -sum(e.amount_minor), sum(e.amount_minor)
        FROM order_events e JOIN orders o ON (o.tenant_id, o.id) = (e.tenant_id, e.order_id)
        WHERE e.tenant_id = h.tenant_id AND e.type = 'refunded' AND {_IN_HOUR.format(at="e.occurred_at")}
        GROUP BY 1
        UNION ALL
        SELECT r.owner_id, r.orders, r.paid_orders, r.revenue_minor, r.refunded_minor
        FROM rollups_removed r WHERE {_REMOVED}""",  # noqa: S608 - only our constants
)
# Refunds name no product, so a product has neither refunds nor revenue: `paid_minor` is the sum of its paid lines.
PRODUCTS = RollupTable(
    "rollups_products",
    "product",
    ("orders", "paid_minor"),
    f"""
        SELECT l.product, count(DISTINCT o.id) AS orders, 0 AS paid_minor FROM orders o {_LINES} WHERE {_PLACED}
        GROUP BY l.product
        UNION ALL
        SELECT l.product, 0, sum(l.total_minor) FROM orders o {_LINES} WHERE {_PAID}
        GROUP BY l.product
        UNION ALL
        SELECT r.product, r.orders, r.paid_minor FROM rollups_products_removed r WHERE {_REMOVED}""",  # noqa: S608 - only our constants
)
TABLES = (OWNERS, PRODUCTS)

# Grouped per hour, because PostgreSQL cannot turn a group into one join of all hours with all orders of a tenant. The CTE
# `touched` comes before: hours_of() of the hours that are asked for.
_COUNTED = """
parts AS (SELECT h.tenant_id, h.hour, part.* FROM touched h CROSS JOIN LATERAL ({parts}
    ) AS part),
counted AS (
    SELECT tenant_id, hour, {key}, {sums} FROM parts GROUP BY 1, 2, 3 HAVING ({values}) <> ({zeros})
)"""
_HOURS = """
touched AS MATERIALIZED (
    SELECT h.tenant_id, h.hour, t.timezone,
           (h.hour AT TIME ZONE 'UTC') - greatest(before.ahead, after.ahead) AS opens,
           least((h.hour AT TIME ZONE 'UTC') + interval '1 hour' - least(before.ahead, after.ahead), h.until) AS closes
    FROM ({hours}) AS h (tenant_id, hour, until)
    JOIN tenants t ON t.id = h.tenant_id
    CROSS JOIN LATERAL (SELECT h.hour AT TIME ZONE t.timezone AS moment) AS m
    CROSS JOIN LATERAL (
        SELECT (m.moment - interval '1 day') AT TIME ZONE t.timezone - (m.moment - interval '1 day') AT TIME ZONE 'UTC'
    ) AS before (ahead)
    CROSS JOIN LATERAL (
        SELECT (m.moment + interval '1 day') AT TIME ZONE t.timezone - (m.moment + interval '1 day') AT TIME ZONE 'UTC'
    ) AS after (ahead)
),"""


def counted(table: RollupTable, hours: str) -> str:
    """The CTEs `touched` and `counted`: the table's rows of the hours, counted from the orders.

    `hours` selects a tenant's id, a local hour, and the instant before which it is counted.
    """
    sums, zeros = table.columns("sum({0}) AS {0}"), ", ".join("0" for _ in table.figures)
    return _HOURS.format(hours=hours) + _COUNTED.format(
        parts=table.parts, key=table.key, sums=sums, values=table.columns("sum({})"), zeros=zeros
    )
