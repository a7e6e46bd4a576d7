"""Generates docs/events.md from events/catalog.py: `python -m webapp.events.docs > docs/events.md`, or `make docs`."""

from __future__ import annotations

from . import catalog

_HEAD = """# Event catalog

Generated from `webapp/events/catalog.py` by `make docs`; a test keeps the two equal.

An **event** is a row of `order_events`: one change of an order. A trigger writes it in the transaction that changes the order,
whichever program that is. Events are never updated. [Reading events](#reading-events) shows how to read all of them, and each
order's events in the order of its changes.

| column | meaning |
|---|---|
| `id` | a unique number; gaps are normal (a rollback leaves one) |
| `xid` | the transaction that wrote it |
| `tenant_id`, `order_id` | the tenant and its order, which may have been deleted since |
| `type` | one of the types below |
| `owner_id` | the salesperson who owned the order after the change |
| `actor_id` | the signed-in user who acted, or null; set only by Doorbell's own role (the tables' owner or a member of it) |
| `claimed_actor_id` | the user that another program named in `doorbell.actor`, or null; it suppresses no notification |
| `written_by` | the signed-in role (`session_user`), which a writer cannot choose; null before revision 0006 |
| `via` | the writer's `application_name`: `doorbell web`, `psql`, … |
| `amount_minor` | the amount of the event in the currency's minor units (cents), or null |
| `old_values`, `new_values` | the changed values as JSON |
| `occurred_at` | business time: when the change took place |
| `recorded_at` | when the event was written |

## Types
"""

_READING = """
## Reading events

Ids and transaction ids are assigned before the commit. So "greater than the last id" loses the events of transactions that
commit late, and sorting by `xid` can put an order's shipment before its payment. A consumer therefore reads **differences of
two snapshots**: the events that the second one sees and the first one does not. Each event is read exactly once, and a
transaction that stays open delays only its own events.

A consumer needs SELECT on `order_events`, and its own table in the same database:

```sql
CREATE TABLE my_reader (
    s1 pg_snapshot NOT NULL,            -- every event that this snapshot sees is handled
    s2 pg_snapshot,                     -- the end of the difference that is being read; null between two differences
    last_id bigint NOT NULL DEFAULT 0   -- the last handled event of the difference
);
INSERT INTO my_reader (s1) VALUES (pg_current_snapshot());  -- from now on; from the first event: '1:1:'
```

1. Begin a difference, and commit **before** you handle its first event:

```sql
UPDATE my_reader SET s2 = pg_current_snapshot(), last_id = 0 WHERE s2 IS NULL;
```

2. Read a page of it, by id. The index on `xid` finds the events, which are then sorted:

```sql
WITH diff AS MATERIALIZED (
    SELECT * FROM order_events
    WHERE xid >= (SELECT pg_snapshot_xmax(s1) FROM my_reader) AND xid < (SELECT pg_snapshot_xmax(s2) FROM my_reader)
        AND pg_visible_in_snapshot(xid, (SELECT s2 FROM my_reader))
    UNION ALL
    SELECT * FROM order_events
    WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip(s1) FROM my_reader))
        AND pg_visible_in_snapshot(xid, (SELECT s2 FROM my_reader))
)
SELECT * FROM diff WHERE id > (SELECT last_id FROM my_reader) ORDER BY id LIMIT 1000;
```

3. Handle the page, save its last id, and commit; then read the next page:

```sql
UPDATE my_reader SET last_id = :last_id;
```

4. When a page is empty, the difference is done. End it, wait for a ring or a moment, and go back to step 1:

```sql
UPDATE my_reader SET s1 = s2, s2 = NULL, last_id = 0 WHERE s2 IS NOT NULL;
```

After a crash continue with step 2, which reads the same difference after `last_id`. The events of a page that was not saved
come again, with the same `id`. Do not read a new `s2` then: a transaction with lower ids may have committed since, and
`last_id` would skip its events.

- The sequence is guaranteed **per order**, because a writer holds the order's row while it writes the event. It is not
  guaranteed across orders or salespeople: to handle events in parallel, divide them by `order_id`.
- This needs `CACHE 1` for the ids, and no other writer of `order_events`. `flask doctor` checks both (`ids`, `writers`).
- Read on the primary, because a replica's snapshots cannot be compared with the primary's.
- Events are kept for `RETENTION_DAYS`. A consumer that stops for longer loses the oldest ones.
- After a failover, a crash or a point-in-time restore continue as before: the cursor is as old as the events. In a dump that
  was restored into another cluster, transaction ids have no meaning. Start from `pg_current_snapshot()` there, and read older
  events by `recorded_at`.
"""

_TOPICS = """
## Topics

A topic names a part of the board that changed, and each panel has the topics that concern it. The listener coalesces the events
since its last drain into one signal per tenant, which has topics and never amounts. Pages then refetch the panels concerned.

| topic | when |
|---|---|
| `orders` | any event; carries the ids of the changed orders, or null for more than 50 |
| `revenue` | paid or refunded money, or its salesperson, changed |
| `placed` | the number of orders changed |
| `rollups` | the hourly and daily aggregates were refreshed |
| `day` | a new day has begun for the tenant |
| `inbox` | one user's notifications changed; reaches only that user's streams |
| `resync` | signals may have been missed: every panel is refetched |

## The ring

`NOTIFY doorbell_v1` with `{"tenant_id": 3, "type": "paid", "id": 1042}`, at most one per tenant and transaction, under 200
bytes. `type` is `several`, or `id` null, when the first statement that rang wrote several types of events or changed several
orders. A ring has no name and no amount. It only means "read the outbox".
"""


def render() -> str:
    """The page as Markdown."""
    return _HEAD + "\n".join(_section(event) for event in catalog.CATALOG) + _READING + _TOPICS


def _section(event: catalog.EventType) -> str:
    owner = "the owner, unless the owner acted or the event is more than a day old"
    topics = ", ".join(f"`{topic}`" for topic in event.topics)
    rows = (
        ("written", event.when),
        ("`occurred_at`", event.occurred_at),
        ("`amount_minor`", event.amount),
        ("values", event.values),
        ("topics", topics),
        ("notifies", owner if event.notifies_owner else "no user"),
    )
    return f"\n### {event.name}\n\n| | |\n|---|---|\n" + "".join(f"| {name} | {text} |\n" for name, text in rows)


if __name__ == "__main__":
    print(render(), end="")
