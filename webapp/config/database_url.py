"""DATABASE_URL: its checks and its normal form. In every process it means what PostgreSQL's own library reads in it.

psycopg is imported at use: gunicorn's master imports this file through observability/logs.py, before gevent patches sockets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

SCHEMES = ("postgresql", "postgres")
EXAMPLE = "postgresql://user:password@host:5432/doorbell"
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# Doorbell writes; the other values of libpq would connect it to a standby.
TARGETS = ("any", "read-write", "primary")


def normal(url: str) -> str:
    """The same address with the scheme that every library accepts."""
    return "postgresql://" + url.split("://", 1)[1]


def faults(url: str) -> Iterator[str]:
    """The faults of an address with one of SCHEMES. The texts never show the address, which may hold a password."""
    place = url.partition("://")[2].partition("?")[0]
    if place.count("@") > 1 or re.search(r"%(?![0-9A-Fa-f]{2})", place):
        yield f"DATABASE_URL has an @ or % that is not percent-encoded (%40, %25). Write it like {EXAMPLE}."
        return
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(normal(url)).items()}
    except ProgrammingError:
        # Its own text would quote the address.
        yield (
            f"DATABASE_URL cannot be read by PostgreSQL's library. Write it like {EXAMPLE}: special characters of user, "
            "password and host as %XX (a socket's folder: %2Frun%2Fpostgresql), and after the ? only libpq's parameters."
        )
        return
    yield from _faults_of_hosts(parts)
    yield from _unless_one_of(parts, "sslmode", SSL_MODES)
    yield from _unless_one_of(parts, "target_session_attrs", TARGETS)


def _faults_of_hosts(parts: dict[str, str]) -> Iterator[str]:
    hosts, ports = parts.get("host", "").split(","), parts.get("port", "").split(",")
    for port in ports:
        if port and not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535):
            # Not shown: where a password has a /, this is its first half.
            yield (
                "DATABASE_URL has a port that is not a whole number from 1 to 65535. "
                f"Write it like {EXAMPLE}, and a / in the password as %2F."
            )
    if len(ports) not in (1, len(hosts)):
        yield f"DATABASE_URL has {len(hosts)} hosts and {len(ports)} ports; give one port for all, or one per host."


def _unless_one_of(parts: dict[str, str], name: str, allowed: tuple[str, ...]) -> Iterator[str]:
    value = parts.get(name)
    if value is not None and value not in allowed:
        yield f"DATABASE_URL has {name}={value[:40]!r}; allowed: {', '.join(allowed)}."
