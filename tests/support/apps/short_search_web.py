"""The web app with searches that stop after a few orders, so that a test needs no millions of them."""

from __future__ import annotations

from webapp.queries import order_search
from wsgi import app

order_search.WALK_ROWS, order_search.SEARCH_MS = 3, 0

__all__ = ["app"]
