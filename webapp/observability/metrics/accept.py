"""The Accept header of a scrape, made safe for prometheus_client."""

from __future__ import annotations

from prometheus_client.exposition import choose_encoder


def readable(accept: str) -> str:
    """`accept`, or "" where prometheus_client raises an error for it, for example for a version that is not a number."""
    try:
        choose_encoder(accept)
    except (TypeError, ValueError):
        return ""
    return accept
