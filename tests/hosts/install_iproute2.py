"""`make test-hosts` before its tests: `ip` is there, or is installed where that is possible. Without it they are skipped."""

from __future__ import annotations

import os
import shutil
import subprocess


def main() -> None:
    if shutil.which("ip") or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print("No `ip` was found; installing iproute2 …", flush=True)
    subprocess.run(["apt-get", "update", "-q"], check=False)
    subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "iproute2"], check=False)


if __name__ == "__main__":
    main()
