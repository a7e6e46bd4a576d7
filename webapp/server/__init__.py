"""Additions to gunicorn, and the headers and static files of all responses."""
