"""Free ports on the loopback address."""

from __future__ import annotations

import contextlib
import os
import random
import socket


def free_port() -> int:
    """A port without a listener, below the kernel's ephemeral ports; each process of a test run has its own range."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = range(20_000 + worker * 1_500, 21_500 + worker * 1_500)
    while True:
        port = random.choice(ports)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
