"""The texts of `flask orders attach`: the proposal, the result of a check, the state of an attachment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from ..attach.attachments import BACKFILLING, Attachment
from ..attach.check import Drift
from ..attach.fields import FIELDS
from ..attach.proposal import PreviewedOrder, Proposal
from ..money import amount_text

_HEADS = ("row", "number", "customer", "total", "refunded", "placed", "paid", "shipped", "cancelled")


def counted(count: int, noun: str) -> str:
    """`1 order`, `2,000 orders`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def proposed(proposal: Proposal) -> str:
    """The mapping, what a sample of the rows becomes, and the first rows as orders."""
    target = proposal.target
    lines = [f"{target.table.name} → {target.currency or 'the tenant of each row'}", "  mapping"]
    mapping = target.mapping
    lines += [f"    {name:<14} {_one_line(mapping.expressions[name])}" for name in FIELDS if name in mapping]
    if "number" not in mapping:
        lines.append("    number         the primary key")
    lines += [f"    not mapped     {', '.join(_unused(proposal)) or 'none'}"]
    if proposal.approximate:
        known = "changed_at" if "changed_at" in mapping else "placed_at"
        lines.append(
            f"  approximate    {', '.join(proposal.approximate)}: the table has no such time. A new change "
            "counts when it is made, "
            f"an old one at {known}."
        )
    lines += [f"  note           {note}" for note in proposal.notes]
    lines.append(
        f"  sample         {counted(proposal.sampled, 'row')}: {counted(proposal.orders, 'order')}, "
        f"{proposal.excluded:,} not orders, "
        f"{proposal.faults:,} with a fault, {proposal.unassigned:,} without an owner"
    )
    if proposal.kept_orders:
        lines.append(
            f"  kept orders    {proposal.kept_orders:,} of an earlier attachment continue; those without a row are removed"
        )
    return "\n".join([*lines, "", *_table(_HEADS, [_row(order) for order in proposal.preview])])


def checked(attachment: Attachment, drift: Drift, problem_count: int) -> str:
    """One line, and one for problems."""
    parts = [f"{drift.missing:,} missing", f"{drift.stale:,} stale", f"{drift.ghosts:,} without a row"]
    text = f"Checked {attachment.name}: {counted(drift.rows, 'row')}; repaired {', '.join(parts)}."
    if drift.locked:
        text += f" {counted(drift.locked, 'order')} may differ, because a writer held the rows; check again."
    if drift.triggers:
        text += f" {counted(drift.triggers, 'trigger')} created or dropped on partitions."
    if problem_count:
        text += f"\n{counted(problem_count, 'row')} cannot become an order:"
    return text


def state(attachment: Attachment) -> str:
    if attachment.fault:
        return "fault"
    if attachment.state == BACKFILLING:
        return f"backfilling {attachment.rows_done:,} of {max(attachment.rows_done, attachment.rows_total):,}"
    return "live"


def _unused(proposal: Proposal) -> list[str]:
    expressions = " ".join(proposal.target.mapping.expressions.values())
    return [
        column.name
        for column in proposal.target.table.columns
        if not re.search(rf"(?<!\w){re.escape(column.sql)}(?!\w)", expressions)
    ]


def _row(order: PreviewedOrder) -> tuple[str, ...]:
    if order.is_excluded:
        return (order.external_id, "not an order")
    if order.fault:
        return (order.external_id, f"no order: {order.fault}")
    return (
        order.external_id,
        order.number or "",
        (order.customer or "")[:24],
        _amount(order.total_minor, order.currency),
        _amount(order.refunded_minor, order.currency) if order.refunded_minor else "",
        *(_moment(moment) for moment in (order.placed_at, order.paid_at, order.shipped_at, order.cancelled_at)),
    )


def _amount(minor: int | None, currency: str | None) -> str:
    return "" if minor is None or currency is None else f"{amount_text(minor, currency)} {currency}"


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _one_line(expression: str) -> str:
    return " ".join(expression.split())


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their longest text. A short row is one text after its first column."""
    full = [row for row in rows if len(row) == len(heads)]
    widths = [max(map(len, column)) for column in zip(heads, *full, strict=True)]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False)).rstrip()
        for row in (heads, *rows)
    ]
    return [f"  {line}" for line in lines]
