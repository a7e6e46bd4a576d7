"""Personal panels: the data of all users is read once, as one shared render; each user's fragment is made of it.

So a signal costs one read for any number of viewers, and one fragment per user whose own data changed. A fragment is kept
until the user's data differs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from cachetools import LRUCache

from ..observability.metrics import web as metrics
from .render import OVERHEAD_BYTES, Render

# Of fragments per process; one has about 5 KB.
MAX_BYTES = 16 * 1024 * 1024
# In a shared render, per user.
USER_BYTES = 1_500


class PersonalData(Protocol):
    """The data of a personal panel. Equal data of a user gives an equal fragment."""

    def of(self, user_id: int) -> Any: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class SharedData(Render):
    """A render without a fragment: the data of all users, as of `moment`. It is not sent to any user."""

    data: PersonalData

    @property
    def size(self) -> int:
        return OVERHEAD_BYTES + USER_BYTES * len(self.data)


@dataclass(frozen=True)
class _Fragment:
    """A user's fragment, and the data that it was made of."""

    own: Any
    render: Render


class PersonalRenders:
    """The newest fragment per panel, scope and user; the least recently used are dropped first. Safe for threads."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._kept: LRUCache[Hashable, _Fragment] = LRUCache(max_bytes, getsizeof=lambda kept: kept.render.size)
        self._lock = threading.Lock()

    def find(self, key: Hashable, user_id: int, shared: SharedData) -> Render | None:
        """The user's fragment if it is that of the shared data. Its "as of" is that of the data."""
        own = shared.data.of(user_id)
        with self._lock:
            kept = self._kept.get((key, user_id))
        if kept is None or kept.own != own:
            return None
        return replace(kept.render, moment=shared.moment, as_of=shared.as_of)

    def get(self, key: Hashable, user_id: int, shared: SharedData, paint: Callable[[Any], Render]) -> Render:
        """The user's fragment, painted of the user's data if necessary."""
        found = self.find(key, user_id, shared)
        if found is None:
            metrics.PERSONAL_FRAGMENTS.inc()
            own = shared.data.of(user_id)
            found = paint(own)
            with self._lock:
                self._kept[key, user_id] = _Fragment(own, found)
        return found

    def find_all(self, keys: Sequence[Hashable], renders: Sequence[Render], user_id: int) -> list[Render] | None:
        """These renders, with the user's own fragment in place of shared data; None if one has to be painted."""
        found = [
            self.find(key, user_id, render) if isinstance(render, SharedData) else render
            for key, render in zip(keys, renders, strict=True)
        ]
        return None if None in found else [render for render in found if render is not None]
