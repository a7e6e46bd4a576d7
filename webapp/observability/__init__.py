"""Logs, incidents and metrics of all processes."""
