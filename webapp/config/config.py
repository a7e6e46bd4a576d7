"""Config: the environment variables of all processes, read once and checked together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import database_url, network, passkey_domain, redis_url, webhook_allow
from .env import EnvReader
from .mail import MailConfig, read_mail
from .network import is_loopback
from .vapid import Vapid, read_vapid

# The board shows 30 days, and an open month is never dropped.
RETENTION_DAYS_MIN = 32
RETENTION_DAYS_MAX = 36_500
# audit_log_remove_months() refuses less.
AUDIT_MONTHS_MIN = 3
AUDIT_MONTHS_MAX = 1_200
# With a key that can be guessed, session cookies of any user can be forged.
SECRET_KEY_MIN_CHARS = 32
METRICS_TOKEN_MIN_CHARS = 16
# The exit code of a process with an environment that cannot be used. gunicorn and the launcher do not start it again.
CANNOT_START = 3
LOG_FORMATS = ("logfmt", "json", "console")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# The variable with the URL of each process's database.
WEB = "DATABASE_URL"
LISTENER, WORKER, COMMANDS = "LISTENER_DATABASE_URL", "WORKER_DATABASE_URL", "MIGRATIONS_DATABASE_URL"
PROCESSES = (WEB, LISTENER, WORKER, COMMANDS)
STREAM_TRANSPORTS = ("socket", "generator")


class ConfigError(Exception):
    """The environment cannot be used. The message has one line per fault: what was seen, what is allowed, what to do."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("Doorbell cannot start:\n" + "\n".join(f"  - {fault}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True)
class Config:
    """The settings of all processes. Times are in seconds.

    - `database_url` has the form of PostgreSQL's library (postgresql://…), for postgres/session.py.
      Each process may have a URL of its own, with a role of its own: `from_env` takes the one of its `process`.
      `web_database_url` is that of the web processes, DATABASE_URL.
    - `demo` enables the sign-in at `/demo`; only `make run` sets it.
    - `secret_key_fallbacks` are earlier keys; their sessions stay valid.
    - `bind` is where gunicorn listens unless its own options name an address. `allow_insecure_network` permits the demo, or
      cookies without Secure, beyond this machine. `cookie_secure` marks cookies for HTTPS only.
    - `session_idle_days` is the time without use after which a session ends; 0 means only its age ends it.
    - `trusted_proxies` is the number of reverse proxies with a trusted X-Forwarded-For: sign-ins are limited per address.
    - `drain_interval_seconds` is the time between drains in quiet mode. `retention_days` is the minimum age of dropped events.
    - `audit_retention_months` is the number of whole months for which the audit log is kept.
    - `stream_transport` is "generator" to write streams through gunicorn instead of straight to their sockets.
    - `import_max_mb` is the maximum size of an uploaded file of orders, in millions of bytes.
    - `import_keep_days` is the time after its last use for which an uploaded file is kept.
    - `invitation_days` is the time for which the link of an invitation is valid.
    - `webhook_allow` are the networks, beside the public ones, that webhooks may reach, by HTTP too.
    - `mail` is how mails are sent, and the address of their links.
    - `passkey_domain` is the domain of all passkeys, "" for the host of each page.
    - `vapid` identifies this server to push services; without it no push is offered.
    - `metrics_token` is "" where the web process serves no metrics. A metrics port of 0 means no metrics.
    - `log_format` is None where observability/logs.py chooses it.
    """

    database_url: str
    web_database_url: str
    redis_url: str
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]
    bind: str
    allow_insecure_network: bool
    demo: bool
    cookie_secure: bool
    session_idle_days: int
    stream_max_seconds: float
    streams_per_process: int
    streams_per_user: int
    streams_per_tenant: int
    stream_transport: str
    drain_interval_seconds: float
    trusted_proxies: int
    webhook_allow: tuple[webhook_allow.Network, ...]
    mail: MailConfig
    passkey_domain: str
    vapid: Vapid | None
    retention_days: int
    audit_retention_months: int
    import_max_mb: int
    import_keep_days: int
    invitation_days: int
    log_format: str | None
    log_level: str
    metrics_token: str
    metrics_host: str
    listener_metrics_port: int
    worker_metrics_port: int
    relay_metrics_port: int

    def insecure(self, bind: str | None = None) -> str:
        """A sentence on why serving at `bind` (default: the setting) is not safe; "" when it is safe."""
        return network.insecure(self.bind if bind is None else bind, self.demo, self.cookie_secure)

    @classmethod
    def from_env(cls, env: Mapping[str, str], process: str = WEB) -> Config:
        """Read the environment of one of PROCESSES. Raises ConfigError with every fault found."""
        read = EnvReader(env)
        served = network.Network.from_env(read, demo=False)
        config = cls(
            database_url=_database_url(read, process),
            web_database_url=_database_url(read, WEB if read.text(WEB) else process),
            redis_url=_redis_url(read),
            secret_key=_secret_key(read),
            secret_key_fallbacks=_secret_key_fallbacks(read),
            bind=served.bind,
            allow_insecure_network=served.allow_insecure,
            demo=served.demo,
            cookie_secure=served.cookie_secure,
            session_idle_days=read.whole_number("SESSION_IDLE_DAYS", 14, 0, 31),
            trusted_proxies=read.whole_number("TRUSTED_PROXIES", 0, 0, 10),
            webhook_allow=webhook_allow.read_networks(read),
            mail=read_mail(read, served.demo),
            passkey_domain=passkey_domain.read_domain(read),
            vapid=read_vapid(read),
            retention_days=read.whole_number("RETENTION_DAYS", 400, RETENTION_DAYS_MIN, RETENTION_DAYS_MAX),
            audit_retention_months=read.whole_number("AUDIT_RETENTION_MONTHS", 24, AUDIT_MONTHS_MIN, AUDIT_MONTHS_MAX),
            import_max_mb=read.whole_number("IMPORT_MAX_MB", 100, 1, 2_000),
            import_keep_days=read.whole_number("IMPORT_KEEP_DAYS", 14, 1, 3_650),
            invitation_days=read.whole_number("INVITATION_DAYS", 7, 1, 90),
            stream_max_seconds=read.seconds("STREAM_MAX_SECONDS", 600.0, 1.0),
            streams_per_process=read.whole_number("STREAMS_PER_PROCESS", 9_000, 1, 1_000_000),
            streams_per_user=read.whole_number("STREAMS_PER_USER", 20, 1, 1_000_000),
            streams_per_tenant=read.whole_number("STREAMS_PER_TENANT", 3_000, 1, 1_000_000),
            stream_transport=read.one_of("STREAM_TRANSPORT", STREAM_TRANSPORTS) or "socket",
            drain_interval_seconds=read.seconds("DRAIN_INTERVAL_SECONDS", 0.05, 0.005, 1.0),
            log_format=read.one_of("LOG_FORMAT", LOG_FORMATS),
            log_level=read.one_of("LOG_LEVEL", LOG_LEVELS) or "INFO",
            metrics_token=_metrics_token(read),
            metrics_host=read.text("METRICS_HOST", "127.0.0.1"),
            listener_metrics_port=read.whole_number("LISTENER_METRICS_PORT", 0, 0, 65535),
            worker_metrics_port=read.whole_number("WORKER_METRICS_PORT", 0, 0, 65535),
            relay_metrics_port=read.whole_number("RELAY_METRICS_PORT", 0, 0, 65535),
        )
        _check_metrics_host(config, read)
        if read.faults:
            raise ConfigError(read.faults)
        return config


def _database_url(read: EnvReader, process: str) -> str:
    """The URL of the process, in its normal form; without one of its own it is DATABASE_URL."""
    name = process if read.text(process) else WEB
    value = read.url(name, database_url.SCHEMES, database_url.EXAMPLE)
    if not value:
        return ""
    faults = list(database_url.faults(value))
    for fault in faults:
        read.fault(fault.replace(WEB, name))
    return "" if faults else database_url.normal(value)


def _redis_url(read: EnvReader) -> str:
    value = read.url("REDIS_URL", redis_url.SCHEMES, "redis://host:6379/0")
    if value:
        try:
            redis_url.check(value)
        except redis_url.WrongRedisUrl as error:
            read.fault(f"REDIS_URL cannot be used: {error}.")
    return value


def _secret_key(read: EnvReader) -> str:
    # Blanks are part of a key.
    value = read.env.get("SECRET_KEY", "")
    advice = "Make one with: python -c 'import secrets; print(secrets.token_hex(32))'"
    if not value:
        read.fault(f"SECRET_KEY is not set; it signs the session cookies and has no default. {advice}")
    elif len(value) < SECRET_KEY_MIN_CHARS:
        minimum = SECRET_KEY_MIN_CHARS
        read.fault(f"SECRET_KEY has {len(value)} characters; at least {minimum} are needed. {advice}")
    return value


def _secret_key_fallbacks(read: EnvReader) -> tuple[str, ...]:
    keys = tuple(key for key in read.env.get("SECRET_KEY_FALLBACKS", "").split(",") if key)
    for n, key in enumerate(keys, 1):
        if len(key) < SECRET_KEY_MIN_CHARS:
            read.fault(
                f"SECRET_KEY_FALLBACKS has a key of {len(key)} characters (number {n}); each needs at least "
                f"{SECRET_KEY_MIN_CHARS}. List earlier values of SECRET_KEY, separated by commas."
            )
    return keys


def _metrics_token(read: EnvReader) -> str:
    value = read.text("METRICS_TOKEN")
    advice = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(24))'"
    if value and len(value) < METRICS_TOKEN_MIN_CHARS:
        minimum = METRICS_TOKEN_MIN_CHARS
        read.fault(f"METRICS_TOKEN has {len(value)} characters; at least {minimum} are needed. {advice}")
    elif not all("!" <= character <= "~" for character in value):
        read.fault(f"METRICS_TOKEN has a blank or a character beyond ASCII; a header cannot carry those. {advice}")
    return value


def _check_metrics_host(config: Config, read: EnvReader) -> None:
    """Metrics that other hosts can read need a token."""
    has_port = config.listener_metrics_port or config.worker_metrics_port or config.relay_metrics_port
    if has_port and not config.metrics_token and not is_loopback(config.metrics_host):
        read.fault(
            f"METRICS_HOST is {config.metrics_host!r}, where other hosts can read the metrics; without METRICS_TOKEN only an "
            "address of this host is allowed, like 127.0.0.1. Set METRICS_TOKEN; Prometheus then has to send it."
        )
