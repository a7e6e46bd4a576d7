"""Finding: the result of a check, with its level (`ok`, `warn` or `FAULT`), what was seen, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

OK, WARN, FAULT = "ok", "warn", "FAULT"
_SEVERITY = (OK, WARN, FAULT)


@dataclass(frozen=True)
class Finding:
    """An observation, with one line of advice per thing to do. `away` is set where a service cannot be used: the reason that
    the checks that need it report."""

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


def combined(findings: Iterable[Finding]) -> Finding:
    """One finding of several, with the most severe level. `ok` findings are left out where another is not ok."""
    found = list(findings)
    wrong = [finding for finding in found if finding.level != OK]
    return Finding(
        max((finding.level for finding in found), key=_SEVERITY.index, default=OK),
        "; ".join(finding.seen for finding in wrong or found),
        "\n".join(dict.fromkeys(finding.advice for finding in wrong if finding.advice)),
        next((finding.away for finding in wrong if finding.away), ""),
    )


def duration(seconds: float) -> str:
    """A duration as text: `40 ms`, `1.5 s`, `12 s`, `5 min`, `3 h`, `2 days`."""
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
