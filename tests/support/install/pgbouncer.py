"""`make test` before its tests: a PgBouncer is there, or Debian's is unpacked below the virtual environment.

It is not installed in the system, because Debian's package starts a service. Without one its tests are skipped.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .. import debian

CACHE = Path(sys.prefix) / "pgbouncer"
BY_HAND = (
    "PgBouncer is not available, so its tests are skipped. On Debian or Ubuntu run apt-get update and "
    ".venv/bin/python -m tests.support.install.pgbouncer; elsewhere install it (macOS: brew install pgbouncer)"
)


@functools.cache
def program() -> Path | None:
    """The file of the program: the system's, else the unpacked one; None without any."""
    installed = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    file = Path(installed) if installed else CACHE / "usr/sbin/pgbouncer"
    return file if file.exists() else None


def environment() -> dict[str, str]:
    """The environment of the program: where it finds the libraries that were unpacked with it."""
    return {**os.environ, "LD_LIBRARY_PATH": debian.libraries(CACHE)} if CACHE.exists() else dict(os.environ)


def starts() -> bool:
    file = program()
    return (
        file is not None and subprocess.run([file, "--version"], env=environment(), capture_output=True).returncode == 0
    )


def unpack() -> None:
    """Download and unpack. Raises CalledProcessError when a package is not available."""
    debian.update()
    packages = debian.planned("pgbouncer")
    # The others serve Debian's integration of the service.
    needed = {
        name for name in packages if name == "pgbouncer" or (name.startswith("lib") and not name.endswith("-perl"))
    }
    with debian.unpacked(needed, CACHE):
        pass
    program.cache_clear()


def main() -> None:
    if starts():
        return
    if debian.can_unpack():
        print("Unpacking PgBouncer of Debian's packages into .venv/pgbouncer …", flush=True)
        try:
            unpack()
        except subprocess.CalledProcessError as error:
            print(error.stderr.decode(), flush=True)
    if not starts():
        print(BY_HAND, flush=True)


if __name__ == "__main__":
    main()
