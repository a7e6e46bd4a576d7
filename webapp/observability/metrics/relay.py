"""The relay worker's metrics, by destination."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_BY = ["destination"]

SENT = Counter("doorbell_relay_sent_total", "Messages that the destination has acknowledged.", _BY)
REPEATED = Counter("doorbell_relay_repeated_total", "Messages sent again, because their outcome was unclear.", _BY)
REFUSED = Counter("doorbell_relay_refused_total", "Messages that the destination refused; each is a dead letter.", _BY)
AWAY = Counter("doorbell_relay_away_total", "Runs that ended because the destination could not be used.", _BY)
PAGE_SECONDS = Histogram(
    "doorbell_relay_page_seconds",
    "Time to send one page and to receive its acknowledgements.",
    _BY,
    buckets=(0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0),
)
UNREAD_EVENTS = Gauge("doorbell_relay_unread_events", "Events not relayed yet, counted up to 10,000.", _BY)
UNREAD_AGE = Gauge(
    "doorbell_relay_unread_age_seconds", "Age of the oldest event that is not relayed yet; 0 without any.", _BY
)
HELD_EVENTS = Gauge("doorbell_relay_held_events", "Dead letters and the events that wait behind them.", _BY)
