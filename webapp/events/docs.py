"""Renders docs/events.md from events/catalog.py: `make docs`, or `python -m webapp.events.docs > docs/events.md`."""

from __future__ import annotations

from . import catalog

_HEAD = """# Event catalog

Generated from `webapp/events/catalog.py` by `make docs`; a test compares the two.

An **event** is a row of `order_events`: something that happened to an order. A trigger writes it in the transaction
that changed the order, for every program that writes orders. Events are only inserted, never changed. [Reading
events](#reading-events) has the SQL to read all events, in the order of changes per order. The [relay](relay.md) sends
them to brokers and webhooks; [events/](events/) has a JSON Schema of its messages per type.

| column | meaning |
|---|---|
| `id` | the event's number; gaps are normal (a rollback leaves one) |
| `xid` | the transaction that wrote it |
| `tenant_id`, `order_id` | the tenant and its order, which may have been deleted since |
| `type` | one of the types below |
| `owner_id` | the salesperson who owned the order after the change |
| `actor_id` | the signed-in user who acted, or null; set by Doorbell's own role alone (the tables' owner or a member of it) |
| `claimed_actor_id` | the user whom another program named in `doorbell.actor`, or null; it suppresses no notification |
| `written_by` | the role that was signed in (`session_user`), which a writer cannot choose; null before revision 0006 |
| `via` | the writer's `application_name`: `doorbell web`, `psql`, … |
| `amount_minor` | the event's amount in the currency's minor units (cents), or null |
| `old_values`, `new_values` | the changed values as JSON |
| `occurred_at` | business time: when the change happened |
| `recorded_at` | when the event was written |

## Types
"""

_READING = """
## Reading events

Ids and transaction ids are assigned before a commit. So "greater than the last id" loses events of transactions that
commit late, and sorting by `xid` can put an order's shipment before its payment: a transaction may get its id early and
change the order late. Waiting until `xid < pg_snapshot_xmin(…)` does not mend the sequence, and stalls behind any open
transaction.

A snapshot (`pg_current_snapshot()`) is the list of transactions that had ended at one moment. A consumer, such as a
program of yours, reads **differences of two snapshots**: the events that the second snapshot sees and the first did
not. No event is lost, none is read twice, and a transaction that stays open delays its own events only.

A consumer needs SELECT on `order_events` and a table of its own in the same database. Doorbell's own readers
(`webapp/outbox/reader.py`) have rows of `outbox_readers` instead, and only those rows keep old events from being
dropped:

```sql
CREATE TABLE my_reader (
    s1 pg_snapshot NOT NULL,            -- everything that this snapshot sees is handled
    s2 pg_snapshot,                     -- the end of the difference being read; null between two
    last_id bigint NOT NULL DEFAULT 0   -- the last event of it that is handled
);
INSERT INTO my_reader (s1) VALUES (pg_current_snapshot());  -- from now on
-- To read from the oldest event: VALUES ('1:1:'), a snapshot that sees no transaction.
```

1. Begin a difference, and commit **before** you handle its first event:

```sql
UPDATE my_reader SET s2 = pg_current_snapshot(), last_id = 0 WHERE s2 IS NULL;
```

2. Read a page of it, by id. The index on `xid` finds the events; they are sorted afterwards:

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

4. When a page is empty, the difference is done. Close it, wait a second, and continue with step 1. Do not wait for a
[ring](#the-ring): while Doorbell's listener is awake, writers send none:

```sql
UPDATE my_reader SET s1 = s2, s2 = NULL, last_id = 0 WHERE s2 IS NOT NULL;
```

After a crash continue with step 2, which reads the same difference after `last_id`. An event whose page was not saved
is read again, with the same `id`. Do not take a new `s2` then: a transaction with lower ids may have committed
meanwhile, and `last_id` would skip its events.

- The sequence is correct **per order**, because an event is written while its writer holds the order's row lock. It is
  not correct across orders or salespeople: to handle events in parallel, divide them by `order_id`.
- It needs ids that are assigned one at a time (`CACHE 1`, as Doorbell creates them), and no other writer of
  `order_events`. `flask doctor` checks both (`ids`, `writers`).
- Each page reads the whole difference and sorts it. After a long stop, or from the oldest event, read larger pages.
- Read on the primary: a replica's snapshots cannot be compared with it.
- With `synchronous_commit = off` a consumer may handle an event that PostgreSQL loses in a crash.
- Events are kept for `RETENTION_DAYS`; a consumer that does not read for longer loses the oldest.
- After a failover, a crash or a point-in-time restore continue as before: the cursor is as old as the events. Ids are
  used again after a point-in-time restore, so identify an event by `id` and `recorded_at`.
- After a dump was restored into another cluster, its transaction ids are meaningless. Begin from
  `pg_current_snapshot()` there, and read older events by `recorded_at`.
"""

_TOPICS = """
## Topics

A topic names what changed. Each panel of the board listens for some topics. The listener coalesces the events since its
last drain into one signal per tenant, with topics and without amounts; the pages refetch the panels that listen for
them.

| topic | sent when |
|---|---|
| `orders` | any order changed; carries the ids of the changed orders, or null for more than 50 |
| `revenue` | an amount, or the salesperson who gets the credit, changed |
| `placed` | the number of orders changed |
| `rollups` | the hourly and daily totals were recounted |
| `day` | a new day began in the tenant's time zone |
| `inbox` | a user's notifications changed; sent to that user's streams only |
| `relay` | a destination of the relay sent, failed or was changed; sent to admins only |
| `uploads` | an uploaded file of orders, or its import, changed; sent to users who import |
| `settings` | settings of the company changed, or their consequences progress; sent to users who manage the workspace |
| `reload` | a setting changed that fragments cannot show: the page loads again |
| `tv` | the options of a TV changed, or its link was revoked |
| `resync` | a change may have been missed: every panel is refetched |

## The ring

`NOTIFY doorbell_v1` with `{"tenant_id": 3, "type": "paid", "id": 1042}`, at most one per tenant and transaction, under
200 bytes. When the first statement that rang wrote several types of events, `type` is `several`; when it changed
several orders, `id` is null. The payload has no name and no amount, and no process reads state from it: a ring only
means "read the outbox".
"""


def render() -> str:
    """The page as Markdown."""
    return _HEAD + "\n".join(_section(event) for event in catalog.CATALOG) + _READING + _TOPICS


def _section(event: catalog.EventType) -> str:
    owner = f"{event.notified}, unless they acted or `occurred_at` is more than a day ago."
    notified = owner if event.notifies_owner else "No one."
    topics = ", ".join(f"`{topic}`" for topic in event.topics)
    rows = (
        ("written", event.when),
        ("`occurred_at`", event.occurred_at),
        ("`amount_minor`", event.amount),
        ("values", event.values),
        ("topics", topics),
        ("notifies", notified),
    )
    return f"\n### {event.name}\n\n| | |\n|---|---|\n" + "".join(f"| {name} | {text} |\n" for name, text in rows)


if __name__ == "__main__":
    print(render(), end="")
