"""What `make run` is told by the environment."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..config import network
from ..demo import company
from ..demo.seed import WEEKS

ROOT = Path(__file__).parent.parent.parent


class LaunchRefused(Exception):
    """Doorbell cannot be started like this; the message is one sentence or two for the person at the terminal."""


@dataclass(frozen=True)
class Settings:
    """`database_url` and `redis_url` are None where the embedded default is wanted. `demo` is the demo customer."""

    port: int
    data_dir: Path
    database_url: str | None
    redis_url: str | None
    demo: bool
    demo_weeks: int
    demo_timezone: str

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Raises Refused for the first value that cannot be used."""
        _check_network(env)
        return cls(
            port=_whole_number(env, "PORT", 8000, 1, 65535),
            data_dir=data_dir(env),
            database_url=env.get("DATABASE_URL") or None,
            redis_url=env.get("REDIS_URL") or None,
            demo=_switch(env, "DEMO"),
            demo_weeks=_whole_number(env, "DEMO_WEEKS", WEEKS, 1, 104),
            demo_timezone=_timezone(env, "DEMO_TIMEZONE", company.TIMEZONE),
        )

    def check_port(self) -> None:
        """Raises Refused when somebody else listens there."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does: a port just left is free
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                raise LaunchRefused(
                    f"Port {self.port} cannot be used ({error.strerror or error}): stop what uses it, "
                    f"or choose another, for example: make run PORT={self.port % 65535 + 1}"
                ) from error


def _check_network(env: Mapping[str, str]) -> None:
    """Before anything is started; the web process looks at it again (gunicorn.conf.py)."""
    demo = _is_on(env.get("DOORBELL_DEMO", "").strip() or "1")
    secure = _is_on(env.get("COOKIE_SECURE", "").strip() or ("0" if demo else "1"))
    why = network.insecure(env.get("BIND", "").strip() or "127.0.0.1", demo, secure)
    if why and not _is_on(env.get("ALLOW_INSECURE_NETWORK", "").strip()):
        raise LaunchRefused(f"{why} {network.HOW_TO}")


def _is_on(value: str) -> bool:
    return value.lower() in ("1", "true", "yes", "on")


def data_dir(env: Mapping[str, str]) -> Path:
    return (ROOT / Path(env.get("DATA_DIR") or "var").expanduser()).resolve()


def _whole_number(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    value = env.get(name, "").strip() or str(default)
    if not (value.isascii() and value.isdecimal() and least <= int(value) <= most):
        raise LaunchRefused(f"{name} is {value!r}; allowed is a whole number from {least} to {most}.")
    return int(value)


def _switch(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "").strip() or "1"
    if value not in ("0", "1"):
        raise LaunchRefused(f"{name} is {value!r}; allowed are 1 (with the demo customer) and 0 (without).")
    return value == "1"


def _timezone(env: Mapping[str, str], name: str, default: str) -> str:
    value = env.get(name, "").strip() or default
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise LaunchRefused(f"{name} is {value!r}; allowed is an IANA time zone such as Europe/Berlin.") from error
    return value
