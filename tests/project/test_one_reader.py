"""One module has the SQL of unread events, and one that of the cluster's timeline, so that the two exist once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("webapp", "tasks", "bench", "tools", "migrations/versions")
# Migrations have their own copies in SQL. docs.py prints SQL for other programs, which tests/outbox runs.
ALLOWED = {
    r"pg_snapshot_xip": {"webapp/outbox/unread.py", "webapp/events/docs.py"},
    r"pg_walfile_name": {"webapp/outbox/cursor.py"},
    r"(?:FROM|INTO|UPDATE|JOIN) outbox_readers": {
        "webapp/outbox/reader.py",
        "webapp/outbox/diff.py",
        "webapp/listener/heartbeat.py",
    },
}


def places(pattern: str) -> set[str]:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")] + list(ROOT.glob("*.py"))
    return {path.relative_to(ROOT).as_posix() for path in files if re.search(pattern, path.read_text())}


@pytest.mark.parametrize("pattern", ALLOWED)
def test_only_the_reader_asks_which_events_are_unread(pattern: str) -> None:
    assert places(pattern) == ALLOWED[pattern]
