"""docs/events.md, made from events.py: `python -m webapp.event_catalog > docs/events.md` (or `make docs`)."""

from __future__ import annotations

from . import events

_HEAD = """# Event catalog

Made from `webapp/events.py` by `make docs`; a test holds the two equal.

An **event** is a row of `order_events`: something that happened to an order, written by a trigger in the transaction that
changed it, whoever changed it. Events are only ever inserted. Read them in order with
`WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, id`: ids and transaction ids are handed out before commit,
so "greater than the last id seen" loses rows.

| column | meaning |
|---|---|
| `id` | a number of its own; gaps are normal (a rollback leaves one) |
| `xid` | the transaction that wrote it |
| `tenant_id`, `order_id` | whose order, and which; the order may be deleted meanwhile |
| `type` | one of the types below |
| `owner_id` | the salesperson who owned the order after the change |
| `actor_id` | the signed-in user who acted, or null |
| `via` | the writer's `application_name`: `doorbell web`, `psql`, … |
| `amount_minor` | money that the event is about, in the currency's minor units (cents), or null |
| `old_values`, `new_values` | JSON of what changed |
| `occurred_at` | business time: when it happened |
| `recorded_at` | when it was written |

## Types
"""

_TOPICS = """
## Topics

A topic is what a panel of the board listens for. The listener folds the events since its last look into one signal a
tenant, which names topics and never amounts; the pages refetch the panels that listen for them.

| topic | when |
|---|---|
| `orders` | any event; carries the ids of the changed orders, or null when they are more than 50 |
| `revenue` | money, or whose money it is, changed |
| `placed` | the number of orders changed |
| `rollups` | the hourly and daily aggregates were made anew |
| `day` | the tenant's day has turned |
| `inbox` | one user's notifications changed; reaches that user's streams only |
| `resync` | something may have been missed: every panel is refetched |

## The ring

`NOTIFY doorbell_v1` with `{"tenant_id": 3, "type": "paid", "id": 1042}`, at most one a tenant and transaction, under 200
bytes. `type` is `several` and `id` null when the first statement that rang changed more than one. It carries no name and
no amount, and nothing reads state from it: it only says "look".
"""


def render() -> str:
    """The page as Markdown."""
    return _HEAD + "\n".join(_section(event) for event in events.CATALOG) + _TOPICS


def _section(event: events.EventType) -> str:
    told = "The owner, unless it was them." if event.notifies_owner else "Nobody."
    topics = ", ".join(f"`{topic}`" for topic in event.topics)
    rows = (
        ("written", event.when),
        ("`occurred_at`", event.occurred_at),
        ("`amount_minor`", event.amount),
        ("values", event.values),
        ("topics", topics),
        ("notifies", told),
    )
    return f"\n### {event.name}\n\n| | |\n|---|---|\n" + "".join(f"| {name} | {text} |\n" for name, text in rows)


if __name__ == "__main__":
    print(render(), end="")
