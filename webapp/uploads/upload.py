"""An uploaded file as a row of `uploads`, without its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

UPLOADING, READY, QUEUED, RUNNING = "uploading", "ready", "queued", "running"
DONE, REFUSED, FAILED, CANCELLED = "done", "refused", "failed", "cancelled"
# A job waits or runs.
ACTIVE = (QUEUED, RUNNING)
# The options may be changed and a job may begin.
IDLE = (READY, DONE, REFUSED, FAILED, CANCELLED)
# A job that ends its worker this often has failed.
MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class Upload:
    """One upload. `result` is that of its last job; `lease_expired` means that its worker has stopped sending signs of life."""

    tenant_id: int
    id: int
    name: str
    uploaded_by: str
    size_bytes: int
    options: dict[str, Any]
    state: str
    is_dry_run: bool
    version: int
    attempts: int
    fence: int
    is_cancel_requested: bool
    phase: str | None
    done_bytes: int
    orders_to_place: int | None
    result: dict[str, Any] | None
    report_bytes: int
    problem: str | None
    created_at: datetime
    finished_at: datetime | None
    imported_at: datetime | None
    lease_expired: bool

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def was_interrupted(self) -> bool:
        """Whether an earlier attempt of the present job ended without a result."""
        return self.lease_expired or self.attempts > (1 if self.state == RUNNING else 0)

    @property
    def percent(self) -> int:
        """The progress of the job. Reading takes most of the time; the other phases have no measure of their own."""
        if self.phase == "reading":
            return min(self.done_bytes * 70 // max(self.size_bytes, 1), 70)
        return {None: 0, "waiting": 75, "placing": 80, "reporting": 95}.get(self.phase, 0)

    @property
    def is_checked(self) -> bool:
        """Whether the last job was a check of the whole file with the present options."""
        return self.state == DONE and self.is_dry_run and self.result is not None

    @property
    def is_imported(self) -> bool:
        return self.state == DONE and not self.is_dry_run


COLUMNS = ", ".join(field.name for field in fields(Upload) if field.name != "lease_expired")
SELECTED = f"{COLUMNS}, state = 'running' AND lease_until < now() AS lease_expired"


def one(conn: psycopg.Connection[Any], statement: str, values: Mapping[str, object]) -> Upload | None:
    """The row of a statement that returns SELECTED, or None."""
    return conn.cursor(row_factory=class_row(Upload)).execute(statement.encode(), values).fetchone()


def many(conn: psycopg.Connection[Any], statement: str, values: Mapping[str, object]) -> list[Upload]:
    return conn.cursor(row_factory=class_row(Upload)).execute(statement.encode(), values).fetchall()
