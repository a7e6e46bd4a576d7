"""The scripts that a page names in its head: all that its entry script imports, each once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from webapp.server import script_imports, static_files

from ..support.browser import Person
from ..support.world import World

SCRIPTS = {file.name for file in static_files.FOLDER.glob("*.js")}
CLASSIC = {"theme.js", "restored.js"}  # not modules
ENTRIES = {"page.js", "upload.js", "upload_setup.js", "mentions.js", "notification_settings.js", "service-worker.js"}
# The pages of a TV, of the history, of passkeys and of settings, and the page of an installed app without a connection.
ENTRIES |= {name for name in SCRIPTS if name.startswith(("tv", "history", "passkey"))} | {
    "offline.js",
    "recovery_codes.js",
    "search_select.js",
    "unsaved.js",
}


def preloaded(page: BeautifulSoup) -> list[str]:
    return [str(link["href"]) for link in page.select("link[rel=modulepreload]")]


@pytest.mark.parametrize("path", ["/", "/orders", "/inbox"])
def test_a_page_preloads_every_script_that_its_entry_script_imports(app: Flask, world: World, path: str) -> None:
    found = preloaded(Person(app, world.user(world.tenant())).page(path))
    names = [re.sub(r"^/static/[0-9a-f]{16}/", "", address) for address in found]
    assert sorted(names) == sorted(SCRIPTS - CLASSIC - ENTRIES)


def test_a_signed_out_page_preloads_no_script(app: Flask) -> None:
    assert preloaded(Person(app).page("/sign-in")) == []


@pytest.mark.parametrize(
    "line",
    [
        'import { other } from "./other.js";',
        'import {\n  other,\n} from "./other.js";',
        'import * as other from "./other.js";',
        'import "./other.js";',
        'export { other } from "./other.js";',
    ],
)
def test_each_form_of_an_import_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    (tmp_path / "page.js").write_text(f"// The entry point.\n{line}\nother();\n")
    (tmp_path / "other.js").write_text('import "./page.js";\nimport "./last.js";\n// import "./none.js";\n')
    (tmp_path / "last.js").write_text('export const text = "from ./none.js";\n')
    monkeypatch.setattr(static_files, "FOLDER", tmp_path)
    assert script_imports.imported_by.__wrapped__("page.js") == ("other.js", "last.js")
