"""Programs that the tests use and no wheel has: installed or unpacked from Debian's packages where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def can_install() -> bool:
    return bool(shutil.which("apt-get")) and os.geteuid() == 0


def install(package: str) -> None:
    """apt-get prints what goes wrong; the caller checks again for the program that it needs."""
    update()
    subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", package], check=False)


def can_unpack() -> bool:
    return bool(shutil.which("apt-get") and shutil.which("dpkg"))


def update() -> None:
    """Fetch the lists of packages, which only root can do."""
    if os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-q"], check=False, stdout=subprocess.DEVNULL)


def planned(package: str, *options: str) -> set[str]:
    """`package` and those that it needs and the system has not. Raises CalledProcessError when it is not available."""
    command = ["apt-get", "install", "-s", "--no-install-recommends", *options, package]
    plan = subprocess.run(command, capture_output=True, check=True).stdout
    return {line.split()[1] for line in plan.decode().splitlines() if line.startswith("Inst ")}


@contextmanager
def unpacked(packages: set[str], target: Path) -> Iterator[Path]:
    """Download `packages` and unpack them; nothing is installed in the system, and no service starts.

    The block gets the files in a temporary directory. At its end they become `target`, which is therefore complete.
    Raises CalledProcessError when a package is not available.
    """
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        directory = Path(name)
        subprocess.run(["apt-get", "download", "-q", *sorted(packages)], cwd=directory, capture_output=True, check=True)
        for package in directory.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, directory / "unpacked"], capture_output=True, check=True)
        yield directory / "unpacked"
        shutil.rmtree(target, ignore_errors=True)
        (directory / "unpacked").rename(target)


def libraries(target: Path) -> str:
    """LD_LIBRARY_PATH for the programs in `target`."""
    return ":".join(map(str, target.glob("usr/lib/*-linux-gnu*")))
