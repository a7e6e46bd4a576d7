"""Makes the icons of the installed app from webapp/static/icon.svg: `python -m tools.icons`.

The bell of icon.svg is drawn in white on the primary colour by the Chromium of the tests. `any` has round corners. A maskable
icon fills its square, and its bell stays inside the circle that every launcher shows. iOS rounds corners itself. The badge is a
shape alone, because Android shows only its transparency.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
from tests.support.chromium import ARGUMENTS, find  # noqa: E402 - after the path

STATIC = ROOT / "webapp" / "static"
GROUND = "#0a5fb4"


@dataclass(frozen=True)
class Icon:
    """`bell` is the size of the bell's box, and `radius` that of the corners, as parts of the icon's size."""

    name: str
    size: int
    bell: float
    radius: float = 0.0
    ground: str = GROUND


ICONS = (
    Icon("icon-192.png", 192, bell=0.66, radius=0.22),
    Icon("icon-512.png", 512, bell=0.66, radius=0.22),
    Icon("maskable-512.png", 512, bell=0.5),
    Icon("apple-touch-icon.png", 180, bell=0.62),
    Icon("badge-96.png", 96, bell=0.92, ground="none"),
)


def drawing(icon: Icon) -> str:
    """The icon as an SVG document of its size."""
    paths = "".join(re.findall(r"<path[^>]*/>", (STATIC / "icon.svg").read_text()))
    scale = icon.size * icon.bell / 24
    start = icon.size * (1 - icon.bell) / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{icon.size}" height="{icon.size}">'
        f'<rect width="100%" height="100%" rx="{icon.size * icon.radius}" fill="{icon.ground}"/>'
        f'<g transform="translate({start} {start}) scale({scale})" fill="none" stroke="#fff" stroke-width="2"'
        f' stroke-linecap="round" stroke-linejoin="round">{paths}</g></svg>'
    )


def make(browser: Browser, icon: Icon, folder: Path) -> None:
    page = browser.new_page(viewport={"width": icon.size, "height": icon.size})
    page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block }}</style>{drawing(icon)}")
    page.screenshot(path=folder / icon.name, omit_background=True)
    page.close()


def main() -> None:
    folder = STATIC / "icons"
    folder.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=list(ARGUMENTS))
        for icon in ICONS:
            make(browser, icon, folder)
        browser.close()


if __name__ == "__main__":
    main()
