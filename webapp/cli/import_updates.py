"""The lines of an import's summary about orders that exist."""

from __future__ import annotations

from ..order_import.placement import Outcome
from ..order_import.updates import Updates

_INDENT = " " * 13


def lines(outcome: Outcome, *, update: bool, dry_run: bool) -> list[str]:
    """Which orders exist, and how they were or would be brought up to date."""
    if not update:
        return [
            f"  unchanged  {outcome.unchanged:,} orders already exist",
            f"  different  {outcome.different:,} orders{_examples(outcome)}",
            *_hint(outcome.updates),
        ]
    found = outcome.updates
    # An order counts as unchanged if its difference, such as an empty cell, leads to no change.
    same = outcome.different - found.changed - found.untouched if found else 0
    done = "would update" if dry_run else "updated   "
    return [
        f"  unchanged  {outcome.unchanged + same:,} orders already exist",
        f"  {done} {found.changed if found else 0:,} orders{_kinds(found)}",
        *_kept(found),
    ]


def _examples(outcome: Outcome) -> str:
    numbers = outcome.examples
    more = ", …" if outcome.different > len(numbers) else ""
    return f" exist with other content and were not changed: {', '.join(numbers)}{more}" if numbers else ""


def _hint(found: Updates | None) -> list[str]:
    if not found or not found.changed:
        return []
    return [f"{_INDENT}add --update to bring {found.changed:,} of them up to date{_kinds(found)}"]


def _kinds(found: Updates | None) -> str:
    if not found or not found.changed:
        return ""
    kinds = ("paid", "shipped", "refunded", "cancelled", "edited")
    return ": " + ", ".join(f"{kind} {getattr(found, kind):,}" for kind in kinds)


def _kept(found: Updates | None) -> list[str]:
    if not found or not found.kept:
        return []
    more = found.kept - len(found.first_kept)
    return [
        f"  kept       {found.kept:,} orders would have gone backwards and keep what they have",
        *(f"{_INDENT}{kept.number}: {kept.reason}" for kept in found.first_kept),
        *([f"{_INDENT}… and {more:,} more"] if more else []),
    ]
