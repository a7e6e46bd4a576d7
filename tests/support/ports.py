"""Free ports on the loopback address."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import socket
from collections.abc import Iterator
from functools import cache


def free_port() -> int:
    """A port without a listener, below the kernel's ephemeral ports; each process of a test run has its own range.

    A port is given again only after all others of the range: a server binds its port a while after it was asked for, and
    until then the port looks free.
    """
    for port in _ports():
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            break
    return port


@cache
def _ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 20_000 + worker * 1_500
    return itertools.cycle(random.sample(range(first, first + 1_500), 1_500))
