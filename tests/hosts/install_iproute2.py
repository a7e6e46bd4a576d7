"""Installs `ip` if it is missing and can be installed; `make test-hosts` runs this first. Without `ip` the tests skip."""

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
