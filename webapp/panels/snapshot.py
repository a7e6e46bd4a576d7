"""Reads the data of several panels in one transaction, so that all of them see the same orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from ..db import db
from ..models import Tenant
from ..postgres.faults import was_cancelled
from .registry import Panel

# Panels that may fail. When more fail, the server is at fault.
MAX_FAILED = 2


def read(panels: Sequence[Panel], tenant: Tenant, now: datetime, owner_id: int | None = None) -> dict[str, Any]:
    """The data of each panel by name, or the exception of its query. Raises when no panel can be read, or PostgreSQL is away.

    An error of PostgreSQL ends the transaction. The panels are then read again on a new snapshot, without the failed one.
    """
    failed: dict[str, Any] = {}
    while True:
        left = [panel for panel in panels if panel.name not in failed]
        found, error = _read_once(left, tenant, now, owner_id)
        if error is None:
            return found | failed
        failed[left[len(found)].name] = error
        is_away = isinstance(error, OperationalError) and not was_cancelled(error)
        if is_away or len(failed) > MAX_FAILED or len(failed) == len(panels):
            raise error


def _read_once(
    panels: Sequence[Panel], tenant: Tenant, now: datetime, owner_id: int | None
) -> tuple[dict[str, Any], SQLAlchemyError | None]:
    """The data of the panels until the first error, and the error."""
    found: dict[str, Any] = {}
    # A snapshot begins with the transaction's first statement, and what this request has read before was another one.
    db.session.rollback()
    try:
        if len(panels) > 1:
            db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        for panel in panels:
            found[panel.name] = panel.read(tenant, now, owner_id)
    except SQLAlchemyError as error:
        return found, error
    finally:
        db.session.rollback()
    return found, None
