"""The audit log: who did what, when and from where (docs/audit-log.md)."""
