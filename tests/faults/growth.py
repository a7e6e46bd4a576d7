"""Memory and descriptors of Doorbell's processes: growth over the faults is a leak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

# Allowed growth: caches and pools fill, and the allocator keeps freed memory.
RSS_FACTOR, RSS_MORE_MB = 1.3, 20.0
# Connections of pools, and one more stream while a page reconnects.
DESCRIPTORS_MORE = 16


@dataclass(frozen=True)
class Size:
    """One process: resident memory in MB, and open descriptors."""

    rss_mb: float
    descriptors: int

    def max(self, other: Size) -> Size:
        return Size(max(self.rss_mb, other.rss_mb), max(self.descriptors, other.descriptors))


def measure(processes: Mapping[str, Sequence[psutil.Process]]) -> dict[str, Size]:
    """The largest process of each kind."""
    sizes: dict[str, Size] = {}
    for kind, members in processes.items():
        for process in members:
            size = Size(process.memory_info().rss / 1e6, process.num_fds())
            sizes[kind] = size.max(sizes.get(kind, size))
    return sizes


def grown(before: Mapping[str, Size], now: Mapping[str, Size]) -> list[str]:
    """The kinds that have grown more than allowed, as text."""
    found = []
    for kind, size in now.items():
        first = before[kind]
        allowed = Size(first.rss_mb * RSS_FACTOR + RSS_MORE_MB, first.descriptors + DESCRIPTORS_MORE)
        if size.rss_mb > allowed.rss_mb:
            found.append(f"{kind}: {size.rss_mb:.0f} MB, at first {first.rss_mb:.0f}, allowed {allowed.rss_mb:.0f}")
        if size.descriptors > allowed.descriptors:
            found.append(f"{kind}: {size.descriptors} descriptors, at first {first.descriptors}")
    return found
