"""The shop whose table is attached."""

from __future__ import annotations

import psycopg
import pytest

from ..support.attached import SHOP_ORDERS, Shop
from ..support.world import Service, World


@pytest.fixture
def shop_table(service: Service, world: World, conn: psycopg.Connection, acme: int) -> Shop:
    """shop.orders, not attached yet."""
    conn.execute(SHOP_ORDERS)
    return Shop(service, conn, acme)
