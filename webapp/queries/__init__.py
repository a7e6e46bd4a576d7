"""Queries: one file per panel or page, with its SQL statement and its row type."""
