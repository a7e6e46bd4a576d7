"""The settings of `make run`, from the environment."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..config import network
from ..config.env import EnvReader
from ..demo import company

ROOT = Path(__file__).parent.parent.parent


class LaunchRefused(Exception):
    """Doorbell cannot start. The message, a sentence or two per fault, is for the terminal."""


@dataclass(frozen=True)
class Settings:
    """`database_url` and `redis_url` are None for the embedded servers, `secret_key` is None for the one in `data_dir`.

    `demo` runs the demo customer.
    """

    port: int
    data_dir: Path
    database_url: str | None
    redis_url: str | None
    secret_key: str | None
    demo: bool
    demo_weeks: int
    demo_timezone: str

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read the environment. Raises LaunchRefused with every fault found."""
        read = EnvReader(env)
        _check_network(read)
        settings = cls(
            port=read.whole_number("PORT", network.DEFAULT_PORT, 1, 65535),
            data_dir=data_dir(read),
            database_url=read.text("DATABASE_URL") or None,
            redis_url=read.text("REDIS_URL") or None,
            # Blanks are part of a key.
            secret_key=env.get("SECRET_KEY") or None,
            demo=read.one_of("DEMO", ("1", "0")) != "0",
            demo_weeks=read.whole_number("DEMO_WEEKS", company.WEEKS, 1, 104),
            demo_timezone=_timezone(read, "DEMO_TIMEZONE", company.TIMEZONE),
        )
        if read.faults:
            raise LaunchRefused("\n".join(read.faults))
        return settings

    def check_port(self) -> None:
        """Raises LaunchRefused when another program uses the port."""
        with socket.socket() as probe:
            # As gunicorn does: a port that was just released is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                raise LaunchRefused(
                    f"Port {self.port} cannot be used ({error.strerror or error}): stop what uses it, "
                    f"or choose another, for example: make run PORT={self.port % 65535 + 1}"
                ) from error


def _check_network(read: EnvReader) -> None:
    """Check the network before any service starts; the web process checks again (gunicorn.conf.py)."""
    served = network.Network.from_env(read, demo=True)
    fault = network.insecure(served.bind, served.demo, served.cookie_secure)
    if fault and not served.allow_insecure:
        read.fault(f"{fault} {network.HOW_TO}")


def data_dir(read: EnvReader) -> Path:
    return (ROOT / Path(read.text("DATA_DIR", "var")).expanduser()).resolve()


def _timezone(read: EnvReader, name: str, default: str) -> str:
    value = read.text(name, default)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        read.fault(f"{name} is {value!r}; allowed: an IANA time zone such as Europe/Berlin.")
    return value
