"""The vendored files are the pinned ones, unchanged; the reduced style sheet and the sprite hold all that the pages use."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
WEBAPP = ROOT / "webapp"
VENDOR = WEBAPP / "static" / "vendor"
TOOLS = ROOT / "tools" / "vendor"
# For both writing directions.
SHEETS = (VENDOR / "tabler.min.css", VENDOR / "tabler.rtl.min.css")
AGAIN = "run `make vendor` and commit what it writes"


def tool() -> ModuleType:
    """tools/vendor/classes.py, which `make vendor` runs as a program."""
    spec = importlib.util.spec_from_file_location("vendor_classes", TOOLS / "classes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


classes = tool()


def pins() -> dict[str, str]:
    found: dict[str, str] = json.loads((TOOLS / "package.json").read_text())["dependencies"]
    return found


def test_the_vendored_files_are_of_the_pinned_versions() -> None:
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in pins().values()), "exact versions only"
    assert f'version="{pins()["htmx.org"]}"' in (VENDOR / "htmx.min.js").read_text()
    for sheet in SHEETS:
        assert f"Tabler v{pins()['@tabler/core']} " in sheet.read_text()[:200]
    axe = ROOT / "tests" / "vendor" / "axe.min.js"
    assert f"axe v{pins()['axe-core']}" in axe.read_text()[:200]


def test_every_vendored_file_has_the_recorded_digest() -> None:
    lines = [line.split("  ") for line in (TOOLS / "SHA256SUMS").read_text().splitlines()]
    recorded = {name: digest for digest, name in lines}
    there = {str(file.relative_to(ROOT)) for suffix in ("js", "css") for file in VENDOR.glob(f"*.{suffix}")}
    assert there <= set(recorded)
    for name, digest in recorded.items():
        assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() == digest, f"{name} was changed: {AGAIN}"


def test_the_lock_files_carry_hashes_and_no_address_of_a_registry() -> None:
    for lock in (ROOT / "tools").glob("*/package-lock.json"):
        packages = json.loads(lock.read_text())["packages"]
        assert all("resolved" not in package for package in packages.values()), lock
        assert all("integrity" in package for name, package in packages.items() if name), lock


def test_the_licences_of_what_was_reduced_are_kept() -> None:
    for sheet in SHEETS:
        beginning = sheet.read_text()[:400]
        assert "Copyright 2018-2026 The Tabler Authors" in beginning
        assert "Licensed under MIT" in beginning


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: str(sheet.name))
def test_the_reduced_sheet_has_every_class_of_tabler_that_the_pages_use(sheet: Path) -> None:
    tabler = set(classes.ALL_CLASSES.read_text().split())
    assert {"btn", "card", "d-none", "alert-danger"} <= tabler
    # Tabler removes it from right-to-left pages, and doorbell.css has its own rule.
    removed = {"text-break"} if "rtl" in sheet.name else set()
    missing = (classes.used() & tabler) - classes.classes_of(sheet.read_text()) - removed
    assert not missing, f"used, but not in the reduced sheet: {sorted(missing)}; {AGAIN}"


def test_a_marked_text_is_no_class() -> None:
    text = (
        """<p class="mb-0" title="{{ _("card") }}">{{ ngettext("row", 'btn', n) }}{{ "d-none" if x }}</p>t("toast")"""
    )
    assert classes.MARKED.sub("", text) == """<p class="mb-0" title="{{ ) }}">{{  n) }}{{ "d-none" if x }}</p>)"""


def test_a_class_that_is_put_together_is_declared() -> None:
    tabler = classes.ALL_CLASSES.read_text().split()
    for beginning in classes.prefixes():
        known = [name for name in tabler if name.startswith(beginning)]
        assert not known or beginning in classes.DYNAMIC, f"say in DYNAMIC what {beginning}… becomes; {AGAIN}"


def test_the_reduced_sheet_has_every_property_of_tabler_that_our_own_sheets_read() -> None:
    sheets = [sheet.read_text() for sheet in (*(WEBAPP / "static").glob("*.css"), classes.REDUCED)]
    defined = {name for sheet in sheets for name in re.findall(r"(--tblr-[\w-]+)\s*:", sheet)}
    missing = {name for sheet in sheets[:-1] for name in re.findall(r"var\((--tblr-[\w-]+)\)", sheet)} - defined
    assert not missing, f"{sorted(missing)}; {AGAIN}"


def test_every_icon_in_use_is_in_the_sprite() -> None:
    templates = {path: path.read_text() for path in WEBAPP.rglob("templates/**/*.html")}
    used = {name for text in templates.values() for name in re.findall(r"\bicon\(\"([a-z-]+)\"", text)}
    sprite = set(re.findall(r'id="icon-([a-z-]+)"', (WEBAPP / "templates/components/sprite.html").read_text()))
    assert used <= sprite
    assert sprite == set((TOOLS / "icons.txt").read_text().split()), AGAIN
