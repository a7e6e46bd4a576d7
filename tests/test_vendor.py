"""The vendored files are the pinned ones, and the templates use no icon that is not in the sprite."""

from __future__ import annotations

import re
from pathlib import Path

WEBAPP = Path(__file__).parent.parent / "webapp"
VENDOR = WEBAPP / "static" / "vendor"


def test_the_vendored_files_are_of_the_pinned_versions() -> None:
    pins = re.findall(r"^[A-Z]+=(\S+@[\d.]+)$", (VENDOR / "refresh.sh").read_text(), re.M)
    assert (VENDOR / "VERSIONS").read_text().split() == pins
    versions = {name: version for name, _, version in (pin.rpartition("@") for pin in pins)}
    assert f'version="{versions["htmx.org"]}"' in (VENDOR / "htmx.min.js").read_text()
    assert f"Tabler v{versions['@tabler/core']} " in (VENDOR / "tabler.min.css").read_text()[:200]
    axe = Path(__file__).parent / "vendor" / "axe.min.js"
    assert f"axe v{versions['axe-core']}" in axe.read_text()[:200]


def test_every_icon_in_use_is_in_the_sprite() -> None:
    templates = {path: path.read_text() for path in WEBAPP.rglob("templates/**/*.html")}
    used = {name for text in templates.values() for name in re.findall(r"\bicon\(\"([a-z-]+)\"", text)}
    sprite = set(re.findall(r'id="icon-([a-z-]+)"', (WEBAPP / "templates/components/sprite.html").read_text()))
    assert used <= sprite
    assert sprite == set((VENDOR / "icons.txt").read_text().split())
