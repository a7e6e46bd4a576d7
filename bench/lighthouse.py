"""Lighthouse scores of the pages on a phone: performance, accessibility, best practices, and the bytes transferred.

Real processes without a proxy, with the demo's six weeks of orders. Lighthouse (tools/lighthouse, by npm) slows the
network to a phone's 4G and the processor to a quarter. Each figure is the median of RUNS; the best score is 100.
CHROME_PATH names another browser than the one of the tests. `baseline` has the figures of the same pages with the whole
of Tabler, uncompressed and uncached.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from webapp.demo import seed
from webapp.rollups.refresh import refresh

from .stage import ROOT, Stage, report
from .web import Web

TOOL = ROOT / "tools" / "lighthouse"
RUNS = 3
TARGETS = {"performance": 95, "accessibility": 100, "best-practices": 100}
# Of the board's first load; a kB is 1,000 bytes.
MAX_KB = 160
INSTALL_SECONDS, RUN_SECONDS = 300, 180


@dataclass(frozen=True)
class Page:
    name: str
    path: str
    signed_in: bool
    baseline: dict[str, float]


PAGES = (
    Page("board", "/", True, {"performance": 68, "kb": 783.4}),
    Page("sign-in", "/sign-in", False, {"performance": 75, "kb": 663.1}),
    Page("orders", "/orders", True, {"performance": 70, "kb": 767.6}),
)


def main() -> None:
    from tests.support.chromium import find

    browser = os.environ.get("CHROME_PATH") or find()
    reason = why_unavailable(browser)
    if reason or browser is None:
        report(case="pages", note=f"not measured: {reason}")
        return
    with Stage() as stage:
        url = stage.env["DATABASE_URL"]
        seed.seed(url, datetime.now(UTC))
        refresh(url)
        with psycopg.connect(url) as conn:
            row = conn.execute("SELECT id FROM users WHERE role = 'manager'").fetchone()
        assert row is not None
        with stage.listener(url), Web(stage, url, 100) as web:
            cookie = web.cookies([row[0]])[0]
            for page in PAGES:
                measure(page, f"http://127.0.0.1:{web.port}{page.path}", cookie if page.signed_in else "", browser)


def why_unavailable(browser: str | None) -> str:
    """Why Lighthouse cannot run, as text; "" when it can. Installs Lighthouse if it is missing."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "Node.js and npm are not installed (Debian: apt-get install nodejs npm)"
    if browser is None:
        return "no Chromium was found (Debian: apt-get install chromium); CHROME_PATH names one"
    if not _program().exists():
        command = ["npm", "ci", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=TOOL, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        if done.returncode:
            return f"npm could not install Lighthouse: {done.stderr.strip()[:300]}"
    return ""


def _program() -> Path:
    return TOOL / "node_modules" / ".bin" / "lighthouse"


def measure(page: Page, url: str, cookie: str, browser: str) -> None:
    runs = [_figures(_lighthouse(url, cookie, browser)) for _ in range(RUNS)]
    figures = {name: round(statistics.median(run[name] for run in runs), 1) for name in runs[0]}
    targets = [f"{name.replace('-', '_')} >= {least}" for name, least in TARGETS.items()]
    met = all(figures[name.replace("-", "_")] >= least for name, least in TARGETS.items())
    if page.path == "/":
        targets.append(f"kb <= {MAX_KB}")
        met = met and figures["kb"] <= MAX_KB
    report(
        case=f"{page.name}, phone",
        figures=figures,
        baseline=page.baseline or None,
        runs=RUNS,
        target=", ".join(targets),
        met=met,
    )


def _lighthouse(url: str, cookie: str, browser: str) -> dict[str, Any]:
    """The report of one run."""
    flags = ["--headless=new", "--disable-gpu"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
    with tempfile.NamedTemporaryFile("w", suffix=".json") as headers:
        json.dump({"Cookie": cookie} if cookie else {}, headers)
        headers.flush()
        command = [
            str(_program()),
            url,
            "--quiet",
            "--output=json",
            f"--only-categories={','.join(TARGETS)}",
            f"--chrome-flags={' '.join(flags)}",
            f"--extra-headers={headers.name}",
        ]
        env = os.environ | {"CHROME_PATH": browser}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=RUN_SECONDS)
    if done.returncode:
        raise SystemExit(f"Lighthouse ended with {done.returncode}:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _figures(found: dict[str, Any]) -> dict[str, float]:
    """Scores up to 100, times in ms, transferred bytes in kB."""
    scores = {name.replace("-", "_"): round(found["categories"][name]["score"] * 100) for name in TARGETS}
    audits = found["audits"]
    requests = [each for each in audits["network-requests"]["details"]["items"] if each["url"].startswith("http")]
    return {
        **scores,
        "kb": round(sum(each["transferSize"] for each in requests) / 1000, 1),
        "requests": len(requests),
        "first_paint_ms": round(audits["first-contentful-paint"]["numericValue"]),
        "largest_paint_ms": round(audits["largest-contentful-paint"]["numericValue"]),
        "blocking_ms": round(audits["total-blocking-time"]["numericValue"]),
        "layout_shift": round(audits["cumulative-layout-shift"]["numericValue"], 3),
    }


if __name__ == "__main__":
    from .stage import run

    run(main)
