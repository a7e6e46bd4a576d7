"""TVs for tests: a link is made by plain SQL, with a token of the test."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from .world import World

SCREENS = ["today", "salespeople", "recent", "month"]


@dataclass(frozen=True)
class Tv:
    """A link's id and token."""

    id: int
    token: str

    @property
    def path(self) -> str:
        return f"/tv/{self.token}"

    def below(self) -> list[str]:
        """All addresses that a TV fetches, but for its stream."""
        return [self.path, *(f"{self.path}/screens/{name}" for name in SCREENS), f"{self.path}/paid?seen=3:3:"]


def make_tv(world: World, tenant: int, **columns: Any) -> Tv:
    """A link of this tenant; `columns` are its options."""
    token = secrets.token_urlsafe(32)
    row = {"tenant_id": tenant, "name": "Office", "token_hash": hashlib.sha256(token.encode()).digest()}
    row |= {"screens": SCREENS, "screen_seconds": 3600} | columns
    return Tv(world.insert("tv_links", row), token)
