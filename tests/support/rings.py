"""What was rung for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from .world import Service


@contextmanager
def rings(service: Service) -> Iterator[list[str]]:
    """Collects the payloads rung for while the block ran."""
    heard: list[str] = []
    with psycopg.connect(service.database_url, autocommit=True) as ear:
        ear.execute("LISTEN doorbell_v1")
        yield heard
        ear.execute("NOTIFY doorbell_v1, 'end'")  # rings come in the order of commits: all before this one are ours
        for ring in ear.notifies():
            if ring.payload == "end":
                break
            heard.append(ring.payload)
