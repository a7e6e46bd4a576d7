"""The log patterns that each fault may cause. Any other line of level warning or worse fails the test.

Loose on purpose: a line is expected when it contains one of the patterns of its fault, in upper or lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

TROUBLE = re.compile(r"\b(warn|warning|error|critical|exception|fatal)\b", re.IGNORECASE)
NEVER = re.compile(r"traceback", re.IGNORECASE)  # after no fault

# After any fault, and without one: a busy machine takes longer than the half second that a look at Redis's log may take
# (log_follower.py). An outage that lasts "is still away", which is not allowed.
STALLED = (r"redis is away; panels are rendered again for each request .*TimeoutError",)
LISTENER_AWAY = (r"heartbeat", r"listener is (still )?away")
POSTGRES_AWAY = (
    r"PostgreSQL (did not answer|is (still )?away)|OperationalError|AdminShutdown|InterfaceError|trying again",
    r"server closed the connection|terminating connection|consuming input failed|connection .* failed",
    r"Background on this error at",  # ends each error of SQLAlchemy
)
REDIS_AWAY = (
    *LISTENER_AWAY,
    r"Redis (subscription lost|is (still )?away)|ConnectionError|TimeoutError|trying again|tries again",
    r"Error 111|Connection refused|Connection reset|closed by server|connection to broker lost|cannot connect to redis",
)
LEADER_LOST = (
    *POSTGRES_AWAY,
    *LISTENER_AWAY,
    r"evicted|deadline|self_ring",
)
WORKER_KILLED = (r"worker .*was sent SIGKILL|perhaps out of memory",)
WORKER_FROZEN = (*LISTENER_AWAY, r"Redis (subscription lost|is (still )?away)")
SLOW_SUBSCRIBER = (r"Redis (subscription lost|is (still )?away)|closed by server|Connection reset|ConnectionError",)
RESTORED = (
    *POSTGRES_AWAY,
    r"restore|resync|deadlock|lock timeout|LockNotAvailable|QueryCanceled|could not open relation|cache lookup failed",
)


def unexpected(lines: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """The lines of a log that this fault does not explain."""
    patterns = [re.compile(pattern, re.IGNORECASE) for pattern in (*allowed, *STALLED)]
    return [
        line
        for line in lines
        if NEVER.search(line) or (TROUBLE.search(line) and not any(pattern.search(line) for pattern in patterns))
    ]
