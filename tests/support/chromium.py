"""The Chromium that the browser tests drive: found, never downloaded here (`make test` installs one when there is none)."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ARGUMENTS = (
    *(("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()),
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str | None:
    """The path of a browser, or None for Playwright's own. CHROMIUM names another."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    found = [path for name in NAMES if (path := shutil.which(name))] + [path for path in MAC if Path(path).exists()]
    return found[0] if found else None


if __name__ == "__main__":
    print(find() or "")
    sys.exit(0 if find() else 1)
