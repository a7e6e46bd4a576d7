"""The database is at the revision that this code was written for."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
from alembic.script import ScriptDirectory

from .finding import Finding, fault, ok
from .system import System


def look(system: System) -> Iterator[Finding]:
    scripts = ScriptDirectory(str(system.migrations))
    wanted = set(scripts.get_heads())
    present = _present(system)
    known = {revision.revision for revision in scripts.walk_revisions()}
    if present == wanted:
        yield ok(f"revision {_words(present)}, the newest")
    elif present - known:
        yield fault(
            f"revision {_words(present)}, which this code does not know; it wants {_words(wanted)}",
            "The database is newer than this code: deploy the code that migrated it.",
        )
    else:
        yield fault(f"revision {_words(present)}; {_words(wanted)} is wanted", "Migrate: flask db upgrade.")


def _present(system: System) -> set[str]:
    try:
        return {row["version_num"] for row in system.rows("SELECT version_num FROM alembic_version")}
    except psycopg.errors.UndefinedTable:
        return set()


def _words(revisions: set[str]) -> str:
    return ", ".join(sorted(revisions)) or "none"
