"""RabbitMQ of Debian's packages, unpacked below the virtual environment; nothing is installed in the system.

`make test-brokers` runs this first. Where the packages are not available, the tests of RabbitMQ are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CACHE = Path(sys.prefix) / "rabbitmq"
BY_HAND = "RabbitMQ is not unpacked: on Debian or Ubuntu, run .venv/bin/python -m tests.support.install.rabbitmq"
# Programs that the packages of Erlang and RabbitMQ hold; their dependencies may be in the system already.
OURS = ("erlang-", "rabbitmq-server")


def home() -> Path | None:
    """The directory of RabbitMQ's `sbin`; None where it is not unpacked."""
    return next(iter(CACHE.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*")), None)


def erlang() -> Path:
    return CACHE / "usr/lib/erlang"


def _packages() -> set[str]:
    """The packages to download: all of Erlang and RabbitMQ, and libraries that the system has not."""
    missing = _planned()
    return missing | {name for name in _planned("-o", "Dir::State::status=/dev/null") if name.startswith(OURS)}


def _planned(*options: str) -> set[str]:
    command = ["apt-get", "install", "-s", "--no-install-recommends", *options, "rabbitmq-server"]
    plan = subprocess.run(command, capture_output=True, check=True).stdout
    return {line.split()[1] for line in plan.decode().splitlines() if line.startswith("Inst ")}


def unpack() -> None:
    """Download and unpack. Raises CalledProcessError when a package is not available."""
    if os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-q"], check=False, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory(dir=CACHE.parent) as name:
        directory = Path(name)
        subprocess.run(
            ["apt-get", "download", "-q", *sorted(_packages())], cwd=directory, capture_output=True, check=True
        )
        for package in directory.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, directory / "unpacked"], capture_output=True, check=True)
        _relocate(directory / "unpacked/usr/lib/erlang/bin/erl")
        shutil.rmtree(CACHE, ignore_errors=True)
        # Last, so that a directory of this name is complete.
        (directory / "unpacked").rename(CACHE)


def _relocate(erl: Path) -> None:
    """Debian's start script of Erlang names the directory of an installation."""
    erl.write_text(erl.read_text().replace("ROOTDIR=/usr/lib/erlang", f'ROOTDIR="{erlang()}"'))


def main() -> None:
    if home() or not (shutil.which("apt-get") and shutil.which("dpkg")):
        return
    print("Unpacking RabbitMQ of Debian's packages into .venv/rabbitmq …", flush=True)
    try:
        unpack()
    except subprocess.CalledProcessError as error:
        print(f"RabbitMQ is not available, and its tests will be skipped: {error}\n{error.stderr.decode()}", flush=True)


if __name__ == "__main__":
    main()
