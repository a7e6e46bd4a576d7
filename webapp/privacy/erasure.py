"""The erasure of a person or a customer, in pages: each is one transaction, which also saves the job's position.

A round has the steps of STEPS. The last one reads each table in one statement, on one snapshot. The erasure is done when no
name is left and all transactions that were older than the request have ended. Else another round begins.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import Any

import psycopg

from ..audit.kinds import Kind
from ..audit.recording import record
from . import audit_entries, files, jobs, people, products, sweep, tables
from .jobs import PrivacyTask
from .subjects import CUSTOMER, USER
from .tables import Table

PAGE_ORDERS = 500
# A name that other programs write again and again is found in each round.
MAX_ROUNDS = 20
ORDERS, PEOPLE, FILES, SWEEP, PRODUCTS, CHECK = "orders", "people", "files", "sweep", "products", "check"
STEPS = {CUSTOMER: (ORDERS, FILES, SWEEP, PRODUCTS, CHECK), USER: (PEOPLE, FILES, SWEEP, CHECK)}
# Served by ix_orders_customer.
_RENAME_ORDERS = """
UPDATE orders SET customer = %(pseudonym)s WHERE tenant_id = %(tenant)s AND id IN (
    SELECT id FROM orders
    WHERE tenant_id = %(tenant)s AND order_customer_key(customer) IN (
        SELECT order_customer_key(name) FROM unnest(%(names)s::text[]) AS name)
    LIMIT %(most)s FOR UPDATE)
RETURNING id
"""
# Only Doorbell's own role can turn events off (migrations/sql/0034_privacy.sql).
SILENT = "SELECT set_config('doorbell.events', 'off', true), set_config('lock_timeout', '3s', true)"


class AfterPage(Enum):
    """The next step after a page."""

    MORE = "more"
    WAIT = "wait"
    DONE = "done"


class Erasure:
    """One claimed job. `changed_orders` are the orders that the last page renamed."""

    def __init__(self, conn: psycopg.Connection[Any], job: PrivacyTask) -> None:
        self.conn, self.job, self.names = conn, job, job.spellings
        self.tables: list[Table] = []
        self.position: dict[str, Any] = {
            "round": 1,
            "step": STEPS[job.kind][0],
            "table": 0,
            "block": 0,
            "seen": {},
        } | job.position
        self.counts = Counter(job.counts)
        self.changed_orders: list[int] = []

    def page(self) -> AfterPage:
        """Do the next page. Raises jobs.TaskLost and psycopg.Error; then nothing of it is done."""
        self.changed_orders = []
        if not self.tables:
            self.tables = tables.whole(self.conn)
        step = self.position["step"]
        if step == CHECK:
            return self._check()
        before, counts = dict(self.position), self.counts.copy()
        try:
            with self.conn.transaction():
                self.conn.execute(SILENT)
                outcome = getattr(self, f"_{step}")()
                self._save()
        except BaseException:
            self.position, self.counts = before, counts
            raise
        return outcome

    def _orders(self) -> AfterPage:
        values = {"tenant": self.job.tenant_id, "names": self.job.names, "pseudonym": self.job.pseudonym}
        rows = self.conn.execute(_RENAME_ORDERS, values | {"most": PAGE_ORDERS}).fetchall()
        self.changed_orders = [row[0] for row in rows]
        return self._counted("orders", len(rows), is_last=len(rows) < PAGE_ORDERS)

    def _people(self) -> AfterPage:
        found = people.erase_page(self.conn, self.job.id)
        self.counts.update(found)
        return self._next() if not found else AfterPage.MORE

    def _files(self) -> AfterPage:
        seen = dict(self.position["seen"])
        result = files.erase_next(self.conn, self.job.tenant_id, self.names, seen)
        self.position["seen"] = seen
        self.counts["uploads"] += result is files.Searched.REMOVED
        if result is files.Searched.BUSY:
            return AfterPage.WAIT
        return self._next() if result is files.Searched.ALL else AfterPage.MORE

    def _sweep(self) -> AfterPage:
        table, block = self.tables[self.position["table"]], self.position["block"]
        changed = 0
        if block < tables.blocks(self.conn, table):
            changed = sweep.replace_page(self.conn, table, self.job, block)
            self.position["block"] = block + sweep.PAGE_BLOCKS
        else:
            self.position |= {"table": self.position["table"] + 1, "block": 0}
        return self._counted(table.root, changed, is_last=self.position["table"] >= len(self.tables))

    def _products(self) -> AfterPage:
        renamed = products.rename(self.conn, self.job.tenant_id, self.names)
        return self._next() if not renamed else AfterPage.MORE

    def _check(self) -> AfterPage:
        """The search at the end. `left` are the columns that still have the name."""
        job = self.job
        jobs.extend(self.conn, job)
        with self.conn.transaction():
            self.conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            is_old_enough = jobs.is_old_enough(self.conn, job)
            left = self._left()
            if not left and is_old_enough:
                self._finish()
                return AfterPage.DONE
        if self.position["round"] >= MAX_ROUNDS:
            raise StillWritten(left)
        if left:
            self._restart()
        with self.conn.transaction():
            self._save()
        return AfterPage.MORE if left else AfterPage.WAIT

    def _left(self) -> list[str]:
        job = self.job
        left = list(dict.fromkeys(sweep.remaining(self.conn, self.tables, job.tenant_id, self.names)))
        left += products.remaining(self.conn, job.tenant_id, self.names)
        if files.remaining(self.conn, job.tenant_id, self.names, self.position["seen"]):
            left.append("upload_chunks.content")
        if job.user_id is not None and people.is_left(self.conn, job.id):
            left.append("rows of the user")
        return left

    def _finish(self) -> None:
        """Blank the audit log's entries too: an entry of the erasure stands in the same transaction, without a name."""
        job = self.job
        details = {"what": job.kind, "pseudonym": job.pseudonym, "rows": dict(self.counts)}
        record(self.conn, Kind.PRIVACY_ERASURE, tenant_id=job.tenant_id, subject=job.pseudonym, details=details)
        audit_entries.erase(self.conn, job)
        jobs.finish(self.conn, job)

    def _restart(self) -> None:
        self.tables = []
        self.position |= {"round": self.position["round"] + 1, "step": STEPS[self.job.kind][0], "table": 0, "block": 0}

    def _counted(self, table: str, rows: int, *, is_last: bool) -> AfterPage:
        if rows:
            self.counts[table] += rows
        return self._next() if is_last else AfterPage.MORE

    def _next(self) -> AfterPage:
        steps = STEPS[self.job.kind]
        self.position |= {"step": steps[steps.index(self.position["step"]) + 1], "table": 0, "block": 0}
        return AfterPage.MORE

    def _save(self) -> None:
        total = 1 + len(self.tables)
        done = self.position["table"] if self.position["step"] == SWEEP else 0
        done = total - 1 if self.position["step"] in (PRODUCTS, CHECK) else done
        jobs.save(self.conn, self.job, self.position, self.counts, (done, total))


class StillWritten(Exception):
    """Another program writes the name again and again."""

    def __init__(self, columns: list[str]) -> None:
        super().__init__(
            f"After {MAX_ROUNDS} rounds another program still writes the name, into {', '.join(columns) or 'no table now'}."
            " Remove it there first, such as in an attached table, then try again."
        )
