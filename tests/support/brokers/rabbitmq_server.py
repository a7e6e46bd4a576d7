"""RabbitmqServer: RabbitMQ of Debian's packages, with an epmd of its own. It is ready after about six seconds."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import amqp

from .. import debian
from ..install import rabbitmq
from ..ports import free_port
from .broker import Broker

CONFIG = """
listeners.tcp.default = 127.0.0.1:{port}
disk_free_limit.absolute = 50MB
"""
# Distribution on the loopback address only, and no schedulers that spin while they wait.
ERLANG = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"


class RabbitmqServer(Broker):
    """RabbitMQ 3.10 on Debian 12, without plug-ins, user `guest`. Confirmed messages of durable queues survive a kill."""

    scheme = "amqp"
    variable = "RELAY_TEST_AMQP"
    start_seconds = 100.0

    def __init__(self, directory: Path, given: str = "") -> None:
        super().__init__(directory, given)
        self.credentials = self.credentials or "guest:guest"
        self._epmd_port, self._distribution_port = free_port(), free_port()

    def command(self) -> list[str]:
        """A shell, because Erlang needs its port mapper; both are in the shell's process group."""
        home = rabbitmq.home()
        assert home is not None, rabbitmq.BY_HAND
        self.directory.joinpath("plugins").write_text("[].")
        self.directory.joinpath("rabbitmq.conf").write_text(CONFIG.format(port=self.port))
        epmd = f"epmd -address 127.0.0.1 -port {self._epmd_port}"
        return ["sh", "-c", f'{epmd} & exec "$0"', str(home / "sbin" / "rabbitmq-server")]

    def environment(self) -> dict[str, str]:
        kept = super().environment()
        return kept | {
            "PATH": f"{rabbitmq.erlang()}/bin:{kept['PATH']}",
            "HOME": str(self.directory),
            "LC_ALL": "C.UTF-8",
            "LD_LIBRARY_PATH": debian.libraries(rabbitmq.CACHE),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": f"doorbell{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self.directory / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.directory),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(self.directory / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.directory / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG,
        }

    def answers(self, seconds: float = 1.0) -> bool:
        user, _, password = self.credentials.partition(":")
        place = {"host": f"{self.host}:{self.port}", "userid": unquote(user), "password": unquote(password)}
        try:
            with amqp.Connection(**place, connect_timeout=seconds, read_timeout=seconds, write_timeout=seconds):
                return True
        except (OSError, amqp.AMQPError):
            return False

    def _is_ready(self) -> bool:
        """It accepts connections a little before its queues answer."""
        return super()._is_ready() and (self.is_given or "Server startup complete" in self.log)
