"""ExampleConsumer: a process of one of the examples in docs/relay, with the ledger that it writes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs" / "relay"


class ExampleConsumer:
    """`script` reads `stream` of the server at `url`; its SQLite database is in `directory`."""

    def __init__(self, directory: Path, script: str, url: str, stream: str) -> None:
        self._database, self._log = directory / "ledger.sqlite", directory / "consumer.log"
        self._command = [sys.executable, str(DOCS / script), url, stream, str(self._database)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([*self._command, *arguments], stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL. Raises AssertionError, with what it printed, when it has ended by itself."""
        if self._process is not None:
            code = self._process.poll()
            self._process.kill()
            self._process.wait()
            self._process = None
            assert code is None, self._log.read_text()

    @property
    def events(self) -> list[int]:
        """The ids of the events in the order in which they were applied."""
        if not self._database.exists():
            return []
        database = sqlite3.connect(self._database, timeout=10)
        try:
            return [event for (event,) in database.execute("SELECT event_id FROM ledger ORDER BY n")]
        except sqlite3.OperationalError:
            # The tables do not exist yet.
            return []
        finally:
            database.close()
