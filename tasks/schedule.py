"""The tasks that beat sends, with their intervals. Names only, so that beat and the worker's start-up import no task."""

from __future__ import annotations

from typing import Any

from webapp.push.queue import PUSH_RUN
from webapp.relay.queue import RELAY_QUEUE, RELAY_RUN

CATCH_UP = "tasks.catch_up.catch_up"
REFRESH_ROLLUPS = "tasks.rollups.refresh"
REBUILD_ROLLUPS = "tasks.rollups.rebuild"
SAMPLE_TO_SHIP = "tasks.rollups.sample_to_ship"
MAKE_PARTITIONS = "tasks.partitions.make"
DROP_PARTITIONS = "tasks.partitions.drop"
REMOVE_SESSIONS = "tasks.sessions.remove"
RELAY_TICK = "tasks.relay.tick"
RELAY_CLEAN = "tasks.relay.clean"
IMPORT_RUN = "tasks.uploads.run"
IMPORT_CLEAN = "tasks.uploads.clean"
ATTACH = "tasks.attach.run"
FOLLOW_AUDIT_LOG = "tasks.audit.follow"
REMOVE_AUDIT_LOG = "tasks.audit.remove"
PRIVACY_RUN = "tasks.privacy.run"
REMOVE_ORDERS = "tasks.privacy.remove_orders"

# Redis may be shared with another Celery, which uses the queue "celery". The relay has workers of its own, so that a slow
# destination delays no other task.
QUEUE = "doorbell"

# Intervals in seconds. Rollups: the maximal age of the 30-day chart. Their rebuild: the maximal delay after a change of the
# time zone; a tick without one costs three small queries. Samples of orders to be shipped: each interval of ten
# minutes gets one, even when a tick is lost. Catch-up: the maximal delay of a board without a
# listener. Partitions are created months ahead, but beat forgets its schedule at a restart, so a rare tick might never
# come; hourly costs one query. A month that was locked or unread is tried again at the next tick. Expired sessions are few.
# Pushes: the maximal delay of one whose wake-up was lost, or that no event of an order caused.
# The relay's tick: the maximal delay of an event whose wake-up was lost. Imports: the maximal delay between a click and the
# begin of its job; a tick without one costs three small queries. Attached
# tables: the delay of a requested check. The audit log: the delay of its lines in the log; a tick without an entry costs two
# small statements. Privacy: the maximal delay between a click and the begin of an erasure. Old orders are
# due once per day, and an hourly tick that finds none costs one query per tenant with a rule.
EVERY = {
    REFRESH_ROLLUPS: 30.0,
    REBUILD_ROLLUPS: 2.0,
    SAMPLE_TO_SHIP: 300.0,
    CATCH_UP: 60.0,
    MAKE_PARTITIONS: 3600.0,
    DROP_PARTITIONS: 3600.0,
    REMOVE_SESSIONS: 3600.0,
    RELAY_TICK: 5.0,
    RELAY_CLEAN: 3600.0,
    PUSH_RUN: 5.0,
    IMPORT_RUN: 2.0,
    IMPORT_CLEAN: 3600.0,
    ATTACH: 60.0,
    FOLLOW_AUDIT_LOG: 5.0,
    REMOVE_AUDIT_LOG: 3600.0,
    PRIVACY_RUN: 2.0,
    REMOVE_ORDERS: 3600.0,
}
# RELAY_RUN is not on a timer.
NAMES = (*EVERY, RELAY_RUN)


def queue_of(name: str) -> str:
    return RELAY_QUEUE if name in (RELAY_TICK, RELAY_RUN, PUSH_RUN) else QUEUE


def _entry(name: str, seconds: float) -> dict[str, Any]:
    # A tick expires when the next one is due, so a worker that was stopped finds one of each, not a backlog.
    return {"task": name, "schedule": seconds, "options": {"expires": seconds, "queue": queue_of(name)}}


SCHEDULE = {name: _entry(name, seconds) for name, seconds in EVERY.items()}
