"""The report of the fault tests: a table at the end of the run, and one line of JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Row:
    """One fault. `seconds` is the time until every page equalled the database, or None if that never happened.

    It counts from the heal, or from a fault that is not healed.
    """

    fault: str
    since: str = "heal"
    seconds: float | None = None
    survived: bool = False
    notes: dict[str, float] = field(default_factory=dict)


@dataclass
class Report:
    """The rows of one run."""

    rows: list[Row] = field(default_factory=list)
    path: Path | None = None

    def write(self) -> None:
        assert self.path is not None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.summary()) + "\n")

    def summary(self) -> dict[str, Any]:
        timed = [row for row in self.rows if row.survived and row.seconds is not None and row.since == "heal"]
        worst = max(timed, key=lambda row: row.seconds or 0.0, default=None)
        return {
            "faults": len(self.rows),
            "survived": sum(row.survived for row in self.rows),
            "worst_seconds_to_truth": worst and round(worst.seconds or 0.0, 2),
            "worst_fault": worst and worst.fault,
            "rows": [
                {
                    "fault": row.fault,
                    "survived": row.survived,
                    "seconds_to_truth": None if row.seconds is None else round(row.seconds, 2),
                    "since": row.since,
                    **row.notes,
                }
                for row in self.rows
            ],
        }

    def lines(self) -> list[str]:
        width = max(len(row.fault) for row in self.rows)
        lines = [f"{'fault':{width}}  survived  to truth  since"]
        for row in self.rows:
            seconds = "never" if row.seconds is None else f"{row.seconds:.2f} s"
            notes = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in row.notes.items())
            lines.append(
                f"{row.fault:{width}}  {'yes' if row.survived else 'NO':8}  {seconds:>8}  {row.since:5}  {notes}".rstrip()
            )
        return lines
