"""Signals: which topics changed for which tenant, sent to all web processes through Redis."""
