"""docs/events.md, made from events/catalog.py: `python -m webapp.events.catalog.docs > docs/events.md` (or `make docs`)."""

from __future__ import annotations

from . import catalog

_HEAD = """# Event catalog

Made from `webapp/events/catalog.py` by `make docs`; a test holds the two equal.

An **event** is a row of `order_events`: something that happened to an order, written by a trigger in the transaction that
changed it, whichever program did. Events are only ever inserted. [Reading events](#reading-events) says how to read them all,
each order's in the order of its changes.

| column | meaning |
|---|---|
| `id` | a number of its own; gaps are normal (a rollback leaves one) |
| `xid` | the transaction that wrote it |
| `tenant_id`, `order_id` | whose order, and which; the order may be deleted meanwhile |
| `type` | one of the types below |
| `owner_id` | the salesperson who owned the order after the change |
| `actor_id` | the signed-in user who acted, or null; set by Doorbell's own role alone (the tables' owner or a member of it) |
| `claimed_actor_id` | the user whom another program named in `doorbell.actor`, or null; it suppresses no notification |
| `written_by` | the role that was signed in (`session_user`), which a writer cannot choose; null before revision 0006 |
| `via` | what the writer called itself, its `application_name`: `doorbell web`, `psql`, … |
| `amount_minor` | money that the event is about, in the currency's minor units (cents), or null |
| `old_values`, `new_values` | JSON of what changed |
| `occurred_at` | business time: when it happened |
| `recorded_at` | when it was written |

## Types
"""

_READING = """
## Reading events

Ids and transaction ids are given before a commit, so "greater than the last id" loses the events of transactions that commit
late, and an order by `xid` can put an order's shipment before its payment. A consumer therefore reads **differences of two
snapshots**: what the second sees and the first did not. Nothing is lost, nothing comes twice, and a transaction that stays open
delays its own events only.

A consumer needs SELECT on `order_events` and a table of its own in the same database:

```sql
CREATE TABLE my_reader (
    s1 pg_snapshot NOT NULL,            -- everything that this snapshot sees is handled
    s2 pg_snapshot,                     -- the difference that is being read; null between two
    last_id bigint NOT NULL DEFAULT 0   -- its last event that is handled
);
INSERT INTO my_reader (s1) VALUES (pg_current_snapshot());  -- from now on; from the beginning: '1:1:'
```

1. Begin a difference, and commit **before** the first event is handled:

```sql
UPDATE my_reader SET s2 = pg_current_snapshot(), last_id = 0 WHERE s2 IS NULL;
```

2. Read a page of it, by id. The index on `xid` finds the events, and the sort comes after:

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

4. When a page is empty, the difference is done. Wait for a ring or a moment, then begin with 1 again:

```sql
UPDATE my_reader SET s1 = s2, s2 = NULL, last_id = 0 WHERE s2 IS NOT NULL;
```

After a crash go on with 2, which reads the same difference after `last_id`: an event whose page was not saved comes again, with
the same `id`. Do not take a new `s2` then: a transaction with lower ids may have committed meanwhile, and `last_id` would skip
its events.

- The order holds **per order**, because an event is written while its writer holds the order's row. It does not hold across
  orders or salespeople: to handle events in parallel, divide them by `order_id`.
- It needs `CACHE 1` for the ids and no other writer of `order_events`. `flask doctor` checks both (`ids`, `writers`).
- Read on the primary: a replica's snapshots cannot be compared with it.
- Events are kept for `RETENTION_DAYS`; a consumer that stays away for longer loses the oldest.
- After a failover, a crash or a point-in-time restore go on as before: the cursor is as old as the events. In a dump that was
  restored into another cluster transaction ids mean nothing. Begin from `pg_current_snapshot()` there, and read what lies
  before by `recorded_at`.
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
    return _HEAD + "\n".join(_section(event) for event in catalog.CATALOG) + _READING + _TOPICS


def _section(event: catalog.EventType) -> str:
    told = "The owner, unless they acted or it happened more than a day ago." if event.notifies_owner else "No one."
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
