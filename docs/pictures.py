"""Takes the README's pictures from a running demo: `make run` in one terminal, `make pictures` in another."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.support.chromium import ARGUMENTS, find

ADDRESS = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
DOCS = Path(__file__).parent

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=find(), args=list(ARGUMENTS))
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": 1440, "height": 1180}, color_scheme=scheme)
        page.goto(ADDRESS + "/demo")
        page.wait_for_selector("#live-state[title]:not([title=''])")  # live, and one change has come through
        page.screenshot(path=DOCS / f"board-{scheme}.png")
    browser.close()
