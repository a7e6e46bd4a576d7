"""The texts of the relay's pages."""

from __future__ import annotations

import re

from .board import text
from .browser import Person


def words(html: object) -> str:
    """The text of an element as a reader sees it; its places for line breaks do not count."""
    return text(re.sub("<wbr/?>", "", str(html)))


def seen(person: Person, path: str) -> str:
    return words(person.page(path).select_one("main"))


def alert(person: Person, path: str = "/relay/stream") -> str:
    found = person.page(path).select_one(".alert")
    return "" if found is None else words(found)
