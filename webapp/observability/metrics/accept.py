"""The Accept header of a scrape, for prometheus_client."""

from __future__ import annotations

from prometheus_client.exposition import choose_encoder


def readable(accept: str) -> str:
    """`accept`, or "" where prometheus_client raises an error for it: for a version that is not a number, for example."""
    try:
        choose_encoder(accept)
    except (TypeError, ValueError):
        return ""
    return accept
