"""What a check found: `ok`, `warn` or `FAULT`, what was seen, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

OK, WARN, FAULT = "ok", "warn", "FAULT"
_GRAVITY = (OK, WARN, FAULT)


@dataclass(frozen=True)
class Finding:
    """One thing seen, with a line of advice for each thing to do. `away` is for a service that cannot be asked further:
    the reason that its dependents give."""

    level: str
    seen: str
    advice: str = ""
    away: str = ""


def ok(seen: str) -> Finding:
    return Finding(OK, seen)


def warn(seen: str, advice: str) -> Finding:
    return Finding(WARN, seen, advice)


def fault(seen: str, advice: str, away: str = "") -> Finding:
    return Finding(FAULT, seen, advice, away)


def together(findings: Iterable[Finding]) -> Finding:
    """One line of several findings: the gravest level, and what is well only where nothing is wrong."""
    found = list(findings)
    wrong = [finding for finding in found if finding.level != OK]
    return Finding(
        max((finding.level for finding in found), key=_GRAVITY.index, default=OK),
        "; ".join(finding.seen for finding in wrong or found),
        "\n".join(dict.fromkeys(finding.advice for finding in wrong if finding.advice)),
        next((finding.away for finding in wrong if finding.away), ""),
    )


def lasting(seconds: float) -> str:
    """A length of time for people: `40 ms`, `1.5 s`, `12 s`, `5 min`, `3 h`, `2 days`."""
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
