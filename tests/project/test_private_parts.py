"""Private parts of libraries are used in the places named here, and these libraries have upper bounds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "gunicorn.conf.py", *sorted((ROOT / "webapp").rglob("*.py")), *sorted((ROOT / "tasks").rglob("*.py"))]

# library -> the mark of its private parts, and the places that may use them
FENCES = {
    "gunicorn": (r"import gunicorn|from gunicorn(?!\.glogging)|\"gunicorn\.", ("webapp/server/",)),
    "psycopg": (r"from psycopg\S* import _|\bpsycopg\.\w*\._", ("webapp/postgres/session.py",)),
    "redis": (
        r"pack_command|send_packed_command|read_response|get_connection\(",
        ("webapp/signals/log_follower.py", "webapp/relay/senders/redis_transaction.py"),
    ),
}


def places(mark: str) -> set[str]:
    return {str(path.relative_to(ROOT)) for path in FILES if re.search(mark, path.read_text())}


@pytest.mark.parametrize("library", FENCES)
def test_private_parts_are_used_in_the_places_named_here(library: str) -> None:
    mark, allowed = FENCES[library]
    found = places(mark)
    assert found, "the mark finds nothing: remove the fence and the bound"
    assert {place for place in found if not place.startswith(allowed)} == set()


@pytest.mark.parametrize("library", FENCES)
def test_a_library_whose_private_parts_are_used_has_an_upper_bound(library: str) -> None:
    wanted = (ROOT / "requirements" / "app.in").read_text()
    assert re.search(rf"^{library}\[\w+\]\S*,<\d", wanted, re.MULTILINE)


@pytest.mark.parametrize("library", FENCES)
def test_the_pinned_version_is_within_the_bound(library: str) -> None:
    bound = re.search(
        rf"^{library}\[\w+\]>=\S+,<([\d.]+)$", (ROOT / "requirements" / "app.in").read_text(), re.MULTILINE
    )
    pinned = re.search(rf"^{library}==([\d.]+)", (ROOT / "requirements" / "app.txt").read_text(), re.MULTILINE)
    assert bound
    assert pinned
    assert tuple(map(int, pinned[1].split("."))) < tuple(map(int, bound[1].split(".")))
