"""Temporary copies of uploads: an import reads its file twice, by path."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from . import store
from .upload import Upload

_PREFIX = "doorbell-import-"
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}")


@contextmanager
def local_copy(conn: psycopg.Connection[Any], upload: Upload, limit: int | None = None) -> Iterator[tuple[Path, bool]]:
    """The path of a copy, and whether it is complete; with a `limit` in bytes it ends at a whole row. Removed afterwards.

    The reader may write its report beside the copy.
    """
    suffix = Path(upload.name).suffix
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as folder:
        path = Path(folder) / f"upload{suffix if _SUFFIX.fullmatch(suffix) else '.csv'}"
        with path.open("w+b") as file:
            is_complete = store.copy_to(conn, upload, file, limit)
            if not is_complete:
                file.seek(0)
                file.truncate(_end_of_last_row(file.read()))
        yield path, is_complete


def _end_of_last_row(content: bytes) -> int:
    """Where the last whole row ends. A line break with an odd number of quotes before it is inside of a cell."""
    end = cut = _end_of_line(content, len(content))
    is_open = content.count(b'"', 0, cut) % 2
    while is_open and cut:
        cut, after = _end_of_line(content, cut - 2), cut
        is_open ^= content.count(b'"', cut, after) % 2
    return cut or end or len(content)


def _end_of_line(content: bytes, before: int) -> int:
    """The end of the last line before that place, 0 if it is in the first line."""
    found = content.rfind(b"\n", 0, max(before, 0))
    # In UTF-16, little endian, another byte belongs to the line break.
    is_wide = found >= 0 and found % 2 == 0 and b"\0" in content[:64]
    return found + 2 if is_wide else found + 1


def remove_abandoned() -> None:
    """Remove the copies of processes that were killed on this host."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not _is_running(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
