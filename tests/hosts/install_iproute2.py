"""`make test-hosts` before its tests: `ip` is there, or is installed where that is possible. Without it they are skipped."""

from __future__ import annotations

import shutil

from ..support import debian


def main() -> None:
    if shutil.which("ip") or not debian.can_install():
        return
    print("No `ip` was found; installing iproute2 …", flush=True)
    debian.install("iproute2")


if __name__ == "__main__":
    main()
