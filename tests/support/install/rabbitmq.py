"""RabbitMQ of Debian's packages, unpacked below the virtual environment; nothing is installed in the system.

`make test-brokers` runs this first. Where the packages are not available, the tests of RabbitMQ are skipped.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .. import debian

CACHE = Path(sys.prefix) / "rabbitmq"
BY_HAND = "RabbitMQ is not unpacked: on Debian or Ubuntu, run .venv/bin/python -m tests.support.install.rabbitmq"
# Programs that the packages of Erlang and RabbitMQ hold; their dependencies may be in the system already.
OURS = ("erlang-", "rabbitmq-server")


def home() -> Path | None:
    """The directory of RabbitMQ's `sbin`; None where it is not unpacked."""
    return next(iter(CACHE.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*")), None)


def erlang() -> Path:
    return CACHE / "usr/lib/erlang"


def unpack() -> None:
    """Download and unpack. Raises CalledProcessError when a package is not available."""
    debian.update()
    # All of Erlang and RabbitMQ, and libraries that the system has not.
    everything = debian.planned("rabbitmq-server", "-o", "Dir::State::status=/dev/null")
    packages = debian.planned("rabbitmq-server") | {name for name in everything if name.startswith(OURS)}
    with debian.unpacked(packages, CACHE) as directory:
        _relocate(directory / "usr/lib/erlang/bin/erl")


def _relocate(erl: Path) -> None:
    """Debian's start script of Erlang names the directory of an installation."""
    erl.write_text(erl.read_text().replace("ROOTDIR=/usr/lib/erlang", f'ROOTDIR="{erlang()}"'))


def main() -> None:
    if home() or not debian.can_unpack():
        return
    print("Unpacking RabbitMQ of Debian's packages into .venv/rabbitmq …", flush=True)
    try:
        unpack()
    except subprocess.CalledProcessError as error:
        print(f"RabbitMQ is not available, and its tests will be skipped: {error}\n{error.stderr.decode()}", flush=True)


if __name__ == "__main__":
    main()
