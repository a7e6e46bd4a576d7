"""The page of a user's own settings."""

from __future__ import annotations

import pytest
from flask import Flask

from ..support.browser import Person
from ..support.world import World

SAVE = "/settings/profile"


def test_the_button_of_the_header_saves_the_theme_for_all_browsers(app: Flask, world: World, ana: Person) -> None:
    assert ana.page("/").select_one("html")["data-theme"] == "device"  # type: ignore[index]
    assert ana.post("/settings/theme", {"theme": "dark"}).status_code == 204
    (user,) = world.conn.execute("SELECT id FROM users").fetchone()  # type: ignore[misc]
    for person in (ana, Person(app, user)):
        root = person.page("/").select_one("html")
        assert root is not None
        assert (root["data-theme"], root["data-bs-theme"]) == ("dark", "dark"), "no flash before scripts run"
    refused = ana.post("/settings/theme", {"theme": "purple"})
    assert (refused.status_code, "'purple'" in refused.text) == (422, True)
