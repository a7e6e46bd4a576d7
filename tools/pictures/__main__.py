"""`make pictures`: starts a demo on a free port, takes every picture of docs/, and stops the demo.

With names, only these: `python -m tools.pictures live phone`.
"""

from __future__ import annotations

import sys

from playwright.sync_api import sync_playwright

from tests.support.chromium import ARGUMENTS, find

from . import moving, stills
from .demo import Demo


def main(names: list[str]) -> int:
    known = {"live", *(still.name for still in stills.STILLS)}
    if unknown := set(names) - known:
        print(
            f"No picture has the name {', '.join(sorted(unknown))}. Known: {', '.join(sorted(known))}.", file=sys.stderr
        )
        return 2
    with Demo() as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=list(ARGUMENTS))
        stills.take(browser, demo, names)
        # Last, because it adds orders.
        if not names or "live" in names:
            moving.take(browser, demo)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
