"""Groups of panels that one job renders: all figures on one snapshot of the database, and each other panel by itself.

So the figures of a page never contradict each other: a request for one of them renders all of them, at the pace and with the
topics of the group.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .registry import PANELS, Panel

# The group of the panels with `is_figure`.
FIGURES = "figures"


@dataclass(frozen=True)
class PanelGroup:
    """Panels with one render. It gets old with the first of them."""

    name: str
    panels: tuple[Panel, ...]

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(topic for panel in self.panels for topic in panel.topics))

    @property
    def max_age(self) -> float:
        return min(panel.max_age for panel in self.panels)

    @property
    def moves(self) -> bool:
        return any(panel.moves for panel in self.panels)


def _groups() -> Iterable[PanelGroup]:
    yield PanelGroup(FIGURES, tuple(panel for panel in PANELS.values() if panel.is_figure))
    yield from (PanelGroup(panel.name, (panel,)) for panel in PANELS.values() if not panel.is_figure)


GROUPS = {group.name: group for group in _groups()}
GROUP_OF = {panel.name: group.name for group in GROUPS.values() for panel in group.panels}
# Read for each request.
TOPICS = {name: group.topics for name, group in GROUPS.items()}


def groups_of(names: Iterable[str]) -> tuple[str, ...]:
    """The names of the groups of these panels, each once."""
    return tuple(dict.fromkeys(GROUP_OF[name] for name in names))
