"""Check that the database has the schema revision of this code."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from .finding import Finding, fault, ok
from .system import System


def check(system: System) -> Iterator[Finding]:
    # Imported here because a web worker has this check and never runs it.
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(system.migrations))
    expected = set(scripts.get_heads())
    present = _present(system)
    of_this_code = {revision.revision for revision in scripts.walk_revisions()}
    if present == expected:
        yield ok(f"revision {_text(present)}, the newest")
    elif present - of_this_code:
        yield fault(
            f"revision {_text(present)} is unknown to this code, which needs {_text(expected)}",
            "The database is newer than this code: deploy the code that migrated it.",
        )
    else:
        yield fault(f"revision {_text(present)}; this code needs {_text(expected)}", "Migrate: flask db upgrade.")


def _present(system: System) -> set[str]:
    try:
        return {row["version_num"] for row in system.rows("SELECT version_num FROM alembic_version")}
    except psycopg.errors.UndefinedTable:
        return set()


def _text(revisions: set[str]) -> str:
    return ", ".join(sorted(revisions)) or "none"
