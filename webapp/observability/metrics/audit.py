"""The metric of the audit log, counted by the worker that writes its lines."""

from __future__ import annotations

from prometheus_client import Counter

ENTRIES = Counter("doorbell_audit_entries_total", "Committed entries of the audit log, by kind.", ["kind"])
