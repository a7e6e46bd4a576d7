"""The cost of refetches and renders in this process, measured while it runs, as the base of its pacing (panels/pacing.py)."""

from __future__ import annotations

import time
from collections.abc import Callable

from . import pacing
from .pacing import Pacing, clamp

# Before the first measurement.
FIRST_REFETCH_SECONDS = 0.0004
# A measurement outside of these bounds has counted other work.
REFETCH_BOUNDS = (0.00005, 0.002)
WINDOW_SECONDS = 1.0
# Of the earlier windows, when the next one is added. A round of thousands of pages lasts longer than one window.
MEMORY = 0.7
# With fewer refetches in memory, most of the CPU time was other work.
MIN_REFETCHES = 100
# The whole cost of a refetch, in times of what the app measures for it. The rest is the server's: parsing, its event loop.
APP_TIMES = (2.0, 3.5)
# A render is measured on the wall clock, because PostgreSQL does most of its work. Other requests of the process lengthen it,
# and nothing shortens it. So a lower measurement counts at once, and a higher one slowly.
MAX_RENDER_GROWTH = 1.25
# From which it grows.
MIN_RENDER_SECONDS = 0.001


class ProcessCosts:
    """`clock` and `cpu` return seconds: monotonic, and CPU time of this process."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, cpu: Callable[[], float] = time.process_time
    ) -> None:
        self._clock, self._cpu = clock, cpu
        self.refetch_seconds = FIRST_REFETCH_SECONDS
        self._refetches = 0  # in this window, as the next one
        self._fan_out_seconds = self._app_seconds = 0.0
        self._sum_refetches = self._sum_seconds = self._sum_app_seconds = 0.0  # of all windows in memory
        self._watched: dict[object, float] = {}  # tenant -> the refetches when each of its pages refetches once
        self._requests = 0.0  # their sum
        self._last_requests = 0.0  # in the last window
        self._began, self._cpu_began = clock(), cpu()

    def refetched(self, app_seconds: float) -> None:
        """A page's refetch was answered from memory; `app_seconds` is the CPU time of the app for it, without waits."""
        self._refetches += 1
        self._app_seconds += app_seconds

    def fanned_out(self, tenant: object, viewers: int, took_seconds: float) -> None:
        """A signal was sent to this many streams of a tenant."""
        self._roll()
        requests = pacing.requests_per_turn(viewers)
        self._requests += requests - self._watched.get(tenant, 0.0)
        self._watched[tenant] = requests
        self._fan_out_seconds += took_seconds

    def pacing(self, viewers: int) -> Pacing:
        """The present limits for a tenant with this many streams in this process."""
        self._roll()
        return pacing.pacing(self.refetch_seconds, viewers, max(self._requests, self._last_requests))

    def _roll(self) -> None:
        """End the window when its time is over."""
        now = self._clock()
        took = now - self._began
        if took < WINDOW_SECONDS:
            return
        cpu = self._cpu()
        self._sum_refetches = MEMORY * self._sum_refetches + self._refetches
        self._sum_app_seconds = MEMORY * self._sum_app_seconds + self._app_seconds
        self._sum_seconds = MEMORY * self._sum_seconds + cpu - self._cpu_began - self._fan_out_seconds
        if self._sum_refetches >= MIN_REFETCHES:
            self.refetch_seconds = self._refetch_cost()
        # Tenants without a signal for a whole window do not count.
        self._last_requests = self._requests if took < 2 * WINDOW_SECONDS else 0.0
        self._watched, self._requests, self._refetches = {}, 0.0, 0
        self._fan_out_seconds = self._app_seconds = 0.0
        self._began, self._cpu_began = now, cpu

    def _refetch_cost(self) -> float:
        """The CPU time of the process per refetch, without fan-outs.

        It includes other work, such as the first paints of a thousand pages. If that counted, it would feed itself: with longer
        rounds there are fewer refetches, and each has more of that work. So the app's own time is the bound.
        """
        measured, app = self._sum_seconds / self._sum_refetches, self._sum_app_seconds / self._sum_refetches
        low, high = APP_TIMES
        return clamp(clamp(measured, low * app, high * app), *REFETCH_BOUNDS)


def smoothed_render(before: float | None, found: float) -> float:
    """The cost of a panel's render after a measurement; `before` is the one before it."""
    return found if before is None else min(found, max(before, MIN_RENDER_SECONDS) * MAX_RENDER_GROWTH)


# CPU time is a figure of the whole process, so its costs are as well.
PROCESS = ProcessCosts()
