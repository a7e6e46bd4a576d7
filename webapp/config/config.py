"""Environment -> one frozen Config. Every fault is reported at once, so an operator fixes them in one go."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Mapping
from dataclasses import dataclass

from . import database_url, network, redis_url

RETENTION_DAYS_MIN = 32  # the board shows 30 days, and an open month is never dropped
RETENTION_DAYS_MAX = 36_500
SECRET_KEY_MIN_CHARS = 32  # a guessable key lets anybody sign a session cookie as anybody
METRICS_TOKEN_MIN_CHARS = 16
CANNOT_START = (
    3  # exit code of each process whose environment cannot be used (gunicorn's word for it): do not start it again
)
LOG_FORMATS = ("logfmt", "console")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
STREAM_TRANSPORTS = ("socket", "generator")
_SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class ConfigError(Exception):
    """The environment cannot be used; the message has one line a fault: what was seen, what is allowed, what to do."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("Doorbell cannot start:\n" + "\n".join(f"  - {fault}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True)
class Config:
    """Everything that the processes read from their environment. Times are in seconds.

    - `database_url` has the form of PostgreSQL's library (postgresql://…), for postgres/session.py.
    - `demo` opens the `/demo` sign-in; only `make run` sets it.
    - `secret_key_fallbacks` are earlier keys, whose sessions stay valid.
    - `bind` is where gunicorn listens unless its own options name an address. `allow_insecure_network` permits the demo, or
      cookies without Secure, beyond this machine. `cookie_secure` marks cookies for HTTPS only.
    - `trusted_proxies` is the number of proxies in front whose X-Forwarded-For is trusted: sign-ins are limited by address.
    - `drain_interval_seconds` is the time between drains in quiet mode. `retention_days` is how long events are kept at least.
    - `stream_transport` is "generator" where streams must not be written straight to their sockets.
    - `metrics_token` is "" where the web process serves no metrics. A metrics port of 0 is off.
    - `log_format` is None where observability/logs.py chooses it.
    """

    database_url: str
    redis_url: str
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    bind: str
    allow_insecure_network: bool
    demo: bool
    cookie_secure: bool
    stream_max_seconds: float
    streams_per_process: int
    streams_per_user: int
    stream_transport: str
    drain_interval_seconds: float
    trusted_proxies: int
    retention_days: int
    log_format: str | None
    log_level: str
    metrics_token: str
    metrics_host: str
    listener_metrics_port: int
    worker_metrics_port: int

    def insecure(self, bind: str | None = None) -> str:
        """Why this must not be served at `bind`, in a sentence; "" when it may be. Without `bind`: at its own."""
        return network.insecure(self.bind if bind is None else bind, self.demo, self.cookie_secure)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Config:
        """Read the environment. Raises ConfigError with every fault found."""
        faults: list[str] = []
        demo = _switch(env, "DOORBELL_DEMO", False, faults)
        config = cls(
            database_url=_database_url(env, faults),
            redis_url=_redis_url(env, faults),
            secret_key=_secret_key(env, faults),
            secret_key_fallbacks=_secret_key_fallbacks(env, faults),
            bind=env.get("BIND", "").strip() or f"127.0.0.1:{env.get('PORT', '').strip() or 8000}",
            allow_insecure_network=_switch(env, "ALLOW_INSECURE_NETWORK", False, faults),
            demo=demo,
            cookie_secure=_switch(env, "COOKIE_SECURE", not demo, faults),
            trusted_proxies=_count(env, "TRUSTED_PROXIES", 0, (0, 10), faults),
            retention_days=_count(env, "RETENTION_DAYS", 400, (RETENTION_DAYS_MIN, RETENTION_DAYS_MAX), faults),
            stream_max_seconds=_seconds(env, "STREAM_MAX_SECONDS", 600.0, 1.0, math.inf, faults),
            streams_per_process=_count(env, "STREAMS_PER_PROCESS", 9_000, (1, 1_000_000), faults),
            streams_per_user=_count(env, "STREAMS_PER_USER", 20, (1, 1_000_000), faults),
            stream_transport=_one_of(env, "STREAM_TRANSPORT", STREAM_TRANSPORTS, faults) or "socket",
            drain_interval_seconds=_seconds(env, "DRAIN_INTERVAL_SECONDS", 0.05, 0.005, 1.0, faults),
            log_format=_one_of(env, "LOG_FORMAT", LOG_FORMATS, faults),
            log_level=_one_of(env, "LOG_LEVEL", LOG_LEVELS, faults) or "INFO",
            metrics_token=_metrics_token(env, faults),
            metrics_host=env.get("METRICS_HOST", "").strip() or "127.0.0.1",
            listener_metrics_port=_count(env, "LISTENER_METRICS_PORT", 0, (0, 65535), faults),
            worker_metrics_port=_count(env, "WORKER_METRICS_PORT", 0, (0, 65535), faults),
        )
        _check_metrics_host(config, faults)
        if faults:
            raise ConfigError(faults)
        return config


def _url(env: Mapping[str, str], name: str, schemes: tuple[str, ...], example: str, faults: list[str]) -> str:
    value = env.get(name, "").strip()
    if not value:
        faults.append(f"{name} is not set. Set it to an address like {example}.")
    elif value.partition("://")[0] not in schemes or "://" not in value:
        seen = value.partition("://")[0] if "://" in value else "no scheme"
        faults.append(
            f"{name} begins with {seen!r}; allowed: {', '.join(schemes)}. Set it to an address like {example}."
        )
    else:
        return value
    return ""


def _database_url(env: Mapping[str, str], faults: list[str]) -> str:
    value = _url(env, "DATABASE_URL", database_url.SCHEMES, database_url.EXAMPLE, faults)
    found = list(database_url.faults(value)) if value else []
    faults += found
    return database_url.normal(value) if value and not found else ""


def _redis_url(env: Mapping[str, str], faults: list[str]) -> str:
    value = _url(env, "REDIS_URL", redis_url.SCHEMES, "redis://host:6379/0", faults)
    if value:
        try:
            redis_url.check(value)
        except redis_url.WrongAddress as error:
            faults.append(f"REDIS_URL cannot be used: {error}.")
    return value


def _secret_key(env: Mapping[str, str], faults: list[str]) -> str:
    value = env.get("SECRET_KEY", "")
    make_one = "Make one with: python -c 'import secrets; print(secrets.token_hex(32))'"
    if not value:
        faults.append(f"SECRET_KEY is not set; it signs the session cookies and has no default. {make_one}")
    elif len(value) < SECRET_KEY_MIN_CHARS:
        faults.append(f"SECRET_KEY has {len(value)} characters; at least {SECRET_KEY_MIN_CHARS} are needed. {make_one}")
    return value


def _secret_key_fallbacks(env: Mapping[str, str], faults: list[str]) -> tuple[str, ...]:
    keys = tuple(key for key in env.get("SECRET_KEY_FALLBACKS", "").split(",") if key)
    for n, key in enumerate(keys, 1):
        if len(key) < SECRET_KEY_MIN_CHARS:
            faults.append(
                f"SECRET_KEY_FALLBACKS has a key of {len(key)} characters (number {n}); each needs at least "
                f"{SECRET_KEY_MIN_CHARS}. List earlier values of SECRET_KEY, separated by commas."
            )
    return keys


def _metrics_token(env: Mapping[str, str], faults: list[str]) -> str:
    value = env.get("METRICS_TOKEN", "").strip()
    make_one = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(24))'"
    if value and len(value) < METRICS_TOKEN_MIN_CHARS:
        least = METRICS_TOKEN_MIN_CHARS
        faults.append(f"METRICS_TOKEN has {len(value)} characters; at least {least} are needed. {make_one}")
    elif not all("!" <= character <= "~" for character in value):
        faults.append(f"METRICS_TOKEN has a blank or a character beyond ASCII; no header carries those. {make_one}")
    return value


def _check_metrics_host(config: Config, faults: list[str]) -> None:
    """Other hosts can read the metrics there, so they have to show a token."""
    shown = config.listener_metrics_port or config.worker_metrics_port
    if shown and not config.metrics_token and not is_loopback(config.metrics_host):
        faults.append(
            f"METRICS_HOST is {config.metrics_host!r}, where other hosts can read the metrics; without METRICS_TOKEN only an "
            "address of this host is allowed, like 127.0.0.1. Set METRICS_TOKEN; Prometheus then has to send it."
        )


def is_loopback(host: str) -> bool:
    """Whether `host` is an address or name of this host alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _one_of(env: Mapping[str, str], name: str, allowed: tuple[str, ...], faults: list[str]) -> str | None:
    """The value as `allowed` spells it; None where it is not set."""
    value = env.get(name, "").strip()
    found = {spelling.lower(): spelling for spelling in allowed}.get(value.lower())
    if value and found is None:
        faults.append(f"{name} is {value!r}; allowed: {', '.join(allowed)}. Leave it out for the default.")
    return found


def _switch(env: Mapping[str, str], name: str, default: bool, faults: list[str]) -> bool:
    value = env.get(name, "").strip().lower()
    if not value:
        return default
    if value not in _SWITCH:
        faults.append(f"{name} is {value!r}; allowed: 1, true, yes, on, 0, false, no, off.")
    return _SWITCH.get(value, default)


def _seconds(env: Mapping[str, str], name: str, default: float, least: float, most: float, faults: list[str]) -> float:
    value = env.get(name, "").strip()
    try:
        seconds = float(value) if value else default
    except ValueError:
        seconds = -1.0
    if not least <= seconds <= most or seconds == math.inf:
        limits = f"at least {least:g}" if most == math.inf else f"from {least:g} to {most:g}"
        faults.append(f"{name} is {value!r}; allowed: a number of seconds, {limits}.")
    return seconds


def _count(env: Mapping[str, str], name: str, default: int, bounds: tuple[int, int], faults: list[str]) -> int:
    value = env.get(name, "").strip()
    if not value:
        return default
    least, most = bounds
    if not (value.isascii() and value.isdigit() and len(value) < 10 and least <= int(value) <= most):
        faults.append(f"{name} is {value!r}; allowed: a whole number from {least} to {most}.")
        return default
    return int(value)
