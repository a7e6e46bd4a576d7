"""Invitations as an admin makes them on the page of users."""

from __future__ import annotations

import html
import re
from typing import Any

from werkzeug.test import TestResponse

from .board import text
from .browser import Person
from .world import World

EMAIL, PASSWORD = "zoe@example.com", "correct horse battery"
USERS = "/settings/users"
ACCEPT = {"name": "Zoë Ångström", "password": PASSWORD}


def invite(admin: Person, email: str = EMAIL, **fields: str) -> TestResponse:
    return admin.post(USERS, {"email": email, "name": "", "role": "sales"} | fields)


def link_in(words: str) -> str:
    """The path of the only invitation link in a text."""
    found = set(re.findall(r"/invitation/[\w-]{43}", words))
    assert len(found) == 1, text(words)
    return found.pop()


def invited(admin: Person, email: str = EMAIL, **fields: str) -> str:
    """Invite without mail. Returns the path of the link."""
    response = invite(admin, email, **fields)
    assert response.status_code == 200, text(response.text)
    return link_in(response.text)


def accept(person: Person, path: str, **fields: str) -> TestResponse:
    return person.post(path, ACCEPT | fields)


def words(response: TestResponse) -> str:
    """The words of a page."""
    return html.unescape(text(response.text))


def row(world: World, columns: str) -> tuple[Any, ...]:
    """The newest invitation."""
    found = world.conn.execute(f"SELECT {columns} FROM invitations ORDER BY id DESC LIMIT 1").fetchone()
    assert found is not None
    return found
