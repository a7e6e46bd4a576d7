"""The kinds of entries that each writing request records."""

from __future__ import annotations

from collections import defaultdict

from flask import Flask, request, request_finished, request_started

from ..support.world import World

WRITING = {"POST", "PUT", "PATCH", "DELETE"}


class Recorder:
    """The kinds that were recorded between the beginning and the end of each writing request, by its endpoint."""

    def __init__(self, app: Flask, world: World) -> None:
        self.found: dict[str, set[str]] = defaultdict(set)
        self._world, self._newest = world, 0
        request_started.connect(self._begun, app)
        request_finished.connect(self._ended, app)

    def _begun(self, _app: Flask) -> None:
        self._newest = max((entry for entry, _kind in self._entries()), default=self._newest)

    def _ended(self, _app: Flask, response: object) -> None:
        if request.method in WRITING and request.endpoint:
            self.found[request.endpoint] |= {kind for _entry, kind in self._entries()}

    def _entries(self) -> list[tuple[int, str]]:
        return self._world.conn.execute("SELECT id, kind FROM audit_log WHERE id > %s", [self._newest]).fetchall()
