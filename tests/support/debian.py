"""Programs that the tests want and no wheel has: installed from Debian's packages where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess


def can_install() -> bool:
    return bool(shutil.which("apt-get")) and os.geteuid() == 0


def install(package: str) -> None:
    """What goes wrong, apt-get says; whoever needs the program looks again."""
    subprocess.run(["apt-get", "update", "-q"], check=False)
    subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", package], check=False)
