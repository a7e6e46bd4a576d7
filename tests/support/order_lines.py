"""Lines of orders, written by plain SQL in transactions of their own."""

from __future__ import annotations

from .world import World


def add_line(world: World, tenant_id: int, order_id: int, product: str, total_minor: int, quantity: float = 1) -> None:
    """One more line, after the order's last one."""
    world.conn.execute(
        "INSERT INTO order_lines (tenant_id, order_id, position, product, quantity, unit_price_minor, total_minor)"
        " SELECT %s, %s, coalesce(max(position), 0) + 1, %s, %s, 1, %s FROM order_lines WHERE order_id = %s",
        [tenant_id, order_id, product, quantity, total_minor, order_id],
    )
