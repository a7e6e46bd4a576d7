"""The clock of the pages: panels, pages and stream messages use its time, so that they agree."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def epoch() -> float:
    """Seconds since 1970, in UTC."""
    return time.time()


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.fromtimestamp(epoch(), UTC)
