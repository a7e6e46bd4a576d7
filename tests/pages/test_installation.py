"""Doorbell as an installed app: its manifest, its icons, and the page without a connection."""

from __future__ import annotations

import json
import re
import struct

import pytest
from flask import Flask

from webapp.routes.installation import BACKGROUND_COLOUR, THEME_COLOUR
from webapp.server import static_files

from ..support.browser import Person, soup
from ..support.world import World

WORKER = (static_files.FOLDER / "service-worker.js").read_text()


@pytest.fixture
def stranger(app: Flask) -> Person:
    return Person(app)


def size(png: bytes) -> str:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return "{}x{}".format(*struct.unpack(">II", png[16:24]))


def test_the_manifest_names_a_standalone_app_of_the_whole_site(stranger: Person) -> None:
    response = stranger.get("/manifest.webmanifest")
    assert response.content_type.startswith("application/manifest+json")
    assert response.headers["Cache-Control"] == "no-cache"
    manifest = json.loads(response.text)
    assert {name: manifest[name] for name in ("id", "start_url", "scope", "display")} == {
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
    }
    assert (manifest["theme_color"], manifest["background_color"]) == (THEME_COLOUR, BACKGROUND_COLOUR)
    assert [shortcut["name"] for shortcut in manifest["shortcuts"]] == ["Board", "Orders", "New order", "Inbox"]


def test_every_icon_of_the_manifest_and_of_pushes_has_the_size_that_is_stated(stranger: Person) -> None:
    manifest = json.loads(stranger.get("/manifest.webmanifest").text)
    icons = [*manifest["icons"], *(icon for each in manifest["shortcuts"] for icon in each["icons"])]
    assert {icon["purpose"] for icon in icons} == {"any", "maskable"}
    for icon in icons:
        response = stranger.get(icon["src"])
        assert response.content_type == icon["type"] == "image/png"
        assert size(response.data) == icon["sizes"], icon
    for name in re.findall(r'"(/static/icons/[^"]+)"', WORKER):
        assert size(stranger.get(name).data) in ("192x192", "96x96")
    assert size(stranger.get("/static/icons/apple-touch-icon.png").data) == "180x180"


def test_every_shortcut_opens_a_page(app: Flask, world: World) -> None:
    ana = Person(app, world.user(world.tenant()))
    manifest = json.loads(ana.get("/manifest.webmanifest").text)
    assert [ana.get(each["url"]).status_code for each in manifest["shortcuts"]] == [200] * 4


@pytest.mark.parametrize(
    ("asked", "header", "language", "direction"),
    [
        ("", "", "en", "ltr"),
        ("", "ar-EG, de;q=0.5", "ar", "rtl"),
        ("de-DE", "ar", "de", "ltr"),
        ("xx", "", "en", "ltr"),
    ],
)
def test_manifest_and_offline_page_are_in_the_language_of_the_page(
    stranger: Person, asked: str, header: str, language: str, direction: str
) -> None:
    headers = {"Accept-Language": header}
    manifest = json.loads(stranger.get(f"/manifest.webmanifest?lang={asked}", headers=headers).text)
    assert (manifest["lang"], manifest["dir"]) == (language, direction)
    html = soup(stranger.get(f"/offline?lang={asked}", headers=headers)).html
    assert html is not None
    assert (html["lang"], html["dir"]) == (language, direction)


def test_the_offline_page_uses_the_files_that_the_service_worker_keeps_and_no_others(stranger: Person) -> None:
    used = re.findall(r'(?:src|href)="(/static/[^"]+)"', stranger.get("/offline").text)
    kept = re.search(r"FILES = (\[.*?\])", WORKER)
    assert kept is not None
    assert set(used) == set(json.loads(kept[1]))
    assert all(stranger.get(address).status_code == 200 for address in used)


def test_a_new_version_of_the_files_is_a_new_service_worker(stranger: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stranger.get("/service-worker.js").text
    assert before.startswith(WORKER)
    monkeypatch.setattr(static_files, "version", lambda: "another")
    assert stranger.get("/service-worker.js").text != before
