"""The directory for servers of tests: in memory where the machine has room, else the usual one for temporary files.

A test's database is a copy of some 460 files. On a disk their creation takes the kernel up to 150 ms of CPU, in memory 7 ms.
"""

from __future__ import annotations

import shutil
from pathlib import Path

# A file system in memory, on Linux. Containers often have 64 MB of it.
_MEMORY = Path("/dev/shm")  # noqa: S108 - each directory in it gets a name of its own
# More than the servers of four parallel runs need.
_MIN_FREE_BYTES = 4 * 1024**3


def directory_for_servers() -> str | None:
    """The `dir` for tempfile: None is its default."""
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _MIN_FREE_BYTES:
        return str(_MEMORY)
    return None
