"""The topics of signals: what changed on the board. A panel lists the topics that concern it (panels/registry.py)."""

from __future__ import annotations

# Any order changed. Carries the ids of the orders.
ORDERS = "orders"
# Paid or refunded money, or its salesperson, changed.
REVENUE = "revenue"
# The number of orders changed.
PLACED = "placed"
# Celery has refreshed the rollups.
ROLLUPS = "rollups"
# A new day has begun for the tenant.
DAY = "day"
# One user's notifications changed. Reaches only that user's streams.
INBOX = "inbox"
# A destination of the relay changed. Reaches only the streams of admins (relay/notice.py).
RELAY = "relay"
# An uploaded file of orders changed. Reaches only the streams of users who import (uploads/notice.py).
UPLOADS = "uploads"
# The settings of a company changed, or their consequences progress. Reaches only the streams of users who manage the workspace.
SETTINGS = "settings"
# The settings of the page's user or company changed in a way that fragments cannot show: the page loads again.
RELOAD = "reload"
# The options of a TV changed, or its link was revoked. Boards ignore it.
TV = "tv"
# Signals may have been missed: refetch everything.
RESYNC = "resync"

BOARD_TOPICS = (ORDERS, REVENUE, PLACED, ROLLUPS, DAY, INBOX, RELAY, UPLOADS, SETTINGS, RELOAD, TV, RESYNC)
