"""`make test` before its tests: a Redis with TLS is there, or is installed where that is possible. The wheel's has none.

Without one the tests of Sentinels with TLS are skipped. Debian's `redis-tools` has the program, without a service that
starts: its `redis-check-rdb` is the server when called by that name.
"""

from __future__ import annotations

import functools
import shutil
import subprocess

from .. import debian

NAMES = ("redis-server", "redis-check-rdb")


@functools.cache
def with_tls() -> str | None:
    """The file of a redis-server that can TLS, to be started under the name `redis-server`; None where there is none."""
    for name in NAMES:
        file = shutil.which(name)
        if file and _can_tls(file):
            return file
    return None


def _can_tls(file: str) -> bool:
    """One that can asks for the certificate; one that cannot does not know the word, or lacks the module."""
    settings = "port 0\ntls-port 1\n"
    asked = subprocess.run(["redis-server", "-"], executable=file, input=settings, capture_output=True, text=True)
    return "tls-cert-file" in asked.stdout + asked.stderr


def main() -> None:
    if with_tls() or not debian.can_install():
        return
    print("No Redis with TLS was found; installing redis-tools …", flush=True)
    debian.install("redis-tools")


if __name__ == "__main__":
    main()
