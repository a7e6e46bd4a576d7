"""Which words of trouble each fault may leave in the logs. Everything else that is a warning or worse fails the test.

Loose on purpose: a line is expected when one of its fault's patterns is found in it, in any case of letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

TROUBLE = re.compile(r"\b(warn|warning|error|critical|exception|fatal)\b", re.IGNORECASE)
NEVER = re.compile(r"traceback", re.IGNORECASE)  # no fault excuses one

POSTGRES_AWAY = (
    r"OperationalError|AdminShutdown|InterfaceError|PostgreSQL did not answer|server closed the connection",
    r"Background on this error at|terminating connection|consuming input failed|connection .* failed|trying again",
)
REDIS_AWAY = (
    r"Redis subscription lost|Redis is away|ConnectionError|TimeoutError|Error 111|Connection refused|Connection reset",
    r"trying again|connection to broker lost|cannot connect to redis|closed by server",
    r"heartbeat is (back|missing)",
)
LISTENER_AWAY = (r"heartbeat is (back|missing)", r"heartbeat")
LEADER_LOST = (
    *POSTGRES_AWAY,
    *LISTENER_AWAY,
    r"standing by|evict|took over|deadline|self-ring|frozen|silent|no answer",
)
WORKER_KILLED = (r"worker .*was sent SIGKILL|perhaps out of memory|worker exiting|booting worker",)
SLOW_SUBSCRIBER = (r"Redis subscription lost|closed by server|Connection reset|ConnectionError",)
RESTORED = (*POSTGRES_AWAY, r"restore|resync|deadlock|lock timeout|could not open relation|cache lookup failed")


def unexpected(lines: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """The lines of a log that nobody expects from this fault."""
    patterns = [re.compile(pattern, re.IGNORECASE) for pattern in allowed]
    return [
        line
        for line in lines
        if NEVER.search(line) or (TROUBLE.search(line) and not any(pattern.search(line) for pattern in patterns))
    ]
