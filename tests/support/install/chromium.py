"""`make test` before its browser tests: a Chromium is there, or is installed, or one sentence says what to do."""

from __future__ import annotations

import os
import subprocess
import sys

from playwright.sync_api import Error, sync_playwright

from .. import chromium, debian

BY_HAND = (
    "The browser tests need Chromium or Chrome, and none could be installed: install one (Debian: apt-get install chromium), "
    "or name one: make test CHROMIUM=/path/to/chrome"
)


def starts() -> bool:
    """Whether the browser that the tests would use really starts; Playwright's own may lack system libraries."""
    try:
        with sync_playwright() as playwright:
            playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.ARGUMENTS)).close()
    except Error:
        return False
    return True


def install() -> None:
    if debian.can_install():
        debian.install("chromium")
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> None:
    if starts():
        return
    if not os.environ.get("CHROMIUM"):  # a browser that was named is not replaced by another
        print("No Chromium that starts was found; installing one …", flush=True)
        install()
    if not starts():
        sys.exit(BY_HAND)


if __name__ == "__main__":
    main()
