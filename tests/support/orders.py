"""An order as the pages and the table show it."""

from __future__ import annotations

from typing import Any

from .browser import soup
from .world import World

PAID = "2026-01-02 10:00+00"


def alert(response: Any) -> str:
    found = soup(response).select_one(".alert-danger")
    return found.get_text(" ", strip=True) if found else ""


def row(world: World, number: str) -> dict[str, Any]:
    names = ("customer", "total_minor", "refunded_minor", "owner_id", "status", "source")
    found = world.conn.execute(f"SELECT {', '.join(names)} FROM orders WHERE number = %s", [number]).fetchone()
    assert found is not None
    return dict(zip(names, found, strict=True))
