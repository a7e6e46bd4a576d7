"""The limits between a commit and a screen, as pure functions of measured costs and of the audience.

Each limit turns many changes into few. Few viewers of cheap panels have the lower bounds. With a large audience, or with dear
panels, the intervals grow, so that the work of the viewers stays within its share of a core. docs/architecture.md ("Limits
between commit and screen") has the table.

In a *round* each panel that is watched is rendered once at most (panels/rounds.py). The pages of a large crowd refetch in each
second or third round, so that they come in two or three waves: in a single one the last page would wait for all the others.
A page may ask a little before its round, and its request then waits for it. So no page misses a turn, although its timers are
not exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

# Shares of one core, as upper bounds.
# Of the process: all refetches of its pages. The rest is for other pages, and for peaks.
PAGES_SHARE = 0.65
# Of PostgreSQL or the process: the renders of all figures of one tenant, or of one other panel.
PANEL_SHARE = 0.4
# Of the process: the fan-outs to a crowd.
FAN_OUT_SHARE = 0.33

# Streams of a tenant in one process up to which pages refetch their figures and each other panel at once, and receive each
# signal separately. More are a crowd.
CROWD_THRESHOLD = 50

# Rounds of few viewers. A render of all panels takes about 20 ms, so one tenant's rounds use a few percent of a core.
MIN_ROUND_SECONDS = 0.35
# Between two refetches of a page.
MAX_REFETCH_SECONDS = 10.0
# Between two renders of a dear panel, rounded up to a round.
MAX_RENDER_SECONDS = 2.0
# Rounds between two refetches of a page, at most. More of them would shorten no wait much, and each costs renders.
MAX_ROUNDS = 3
# A page asks again after this part of the last of these rounds.
PAGE_PART = 0.75

MIN_FAN_OUT_SECONDS = 0.1
MAX_FAN_OUT_SECONDS = 1.0

# Page intervals between two refetches of what is not a panel of figures.
# Lists move, so they are slower to read.
LIST_TIMES = 3
# The live part of an order's page and of the inbox page.
PART_TIMES = 3
# The bell's list; its badge and toasts do not wait.
BELL_TIMES = 10

# Requests of a page after one signal outside of a crowd, at most: one for all figures, and the others at the pace of lists.
REQUESTS_PER_SIGNAL = 1
SLOW_REQUESTS_PER_SIGNAL = 2


@dataclass(frozen=True)
class Pacing:
    """The limits for the pages of one tenant in one process."""

    # Of a round of renders. 0 without an audience: only a panel's own cost counts.
    round_seconds: float
    # From one refetch of a page to the next.
    rounds: int
    # A page that comes from a pause waits a random part of it, so that pages do not come at the same moment.
    jitter_seconds: float

    @property
    def page_seconds(self) -> float:
        """Until a page may ask again for a panel, or in a crowd for a batch."""
        return (self.rounds - 1 + PAGE_PART) * (self.round_seconds or MIN_ROUND_SECONDS)

    @property
    def page_ms(self) -> int:
        return round(self.page_seconds * 1000)

    @property
    def jitter_ms(self) -> int:
        return round(self.jitter_seconds * 1000)

    def fields(self) -> dict[str, int]:
        """The fields of a signal's frame. Only pages in a crowd get a `jitter`."""
        fields = {"pace": self.page_ms}
        return fields | {"jitter": self.jitter_ms} if self.jitter_seconds else fields


def pacing(refetch_seconds: float, viewers: int, requests: float = 0.0) -> Pacing:
    """The limits for a tenant with this many viewers in this process.

    `refetch_seconds` is the CPU time of one refetch. `requests` is the number of refetches of all pages in this process that
    receive signals, if each refetches once; at least those of the tenant's own pages are assumed.
    """
    if not viewers:
        return Pacing(0.0, 1, 0.0)
    requests = max(requests, requests_per_turn(viewers))
    seconds = clamp(requests * refetch_seconds / PAGES_SHARE, MIN_ROUND_SECONDS, MAX_REFETCH_SECONDS)
    if not is_crowd(viewers):
        return Pacing(seconds, 1, 0.0)
    rounds = min(int(seconds / MIN_ROUND_SECONDS), MAX_ROUNDS)
    found = Pacing(seconds / rounds, rounds, 0.0)
    return replace(found, jitter_seconds=min(viewers * refetch_seconds, found.page_seconds))


def requests_per_turn(viewers: int) -> float:
    """The requests when this many pages of a tenant refetch once: a batch each, or the figures and at times the lists."""
    return viewers * (1 if is_crowd(viewers) else REQUESTS_PER_SIGNAL + SLOW_REQUESTS_PER_SIGNAL / LIST_TIMES)


def is_crowd(viewers: int) -> bool:
    return viewers > CROWD_THRESHOLD


def render_seconds(cost_seconds: float) -> float:
    """The time between the starts of two renders of a panel whose render takes `cost_seconds`, its query included."""
    return min(cost_seconds / PANEL_SHARE, MAX_RENDER_SECONDS)


def fan_out_seconds(took_seconds: float, viewers: int) -> float:
    """The pause after a fan-out that took `took_seconds`: none for few streams."""
    if not is_crowd(viewers):
        return 0.0
    return clamp(took_seconds * (1 / FAN_OUT_SHARE - 1), MIN_FAN_OUT_SECONDS, MAX_FAN_OUT_SECONDS)


def clamp(value: float, low: float, high: float) -> float:
    """The value, or the bound that it exceeds."""
    return min(max(value, low), high)
