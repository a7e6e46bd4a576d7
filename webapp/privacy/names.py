"""The names of one person or customer, found in any text and replaced: without case, accents and differences of spaces.

A name of several words, or a long one, is found inside of longer words too ("Mustermanns"). A short single word is found as a
whole word only, because "Ana" is in "Banana". No name is found after a letter or a digit.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

LONG_CHARS = 8
# Shorter names would be found in almost every text.
MIN_CHARS = 2
MAX_NAMES = 200
_MARKS = "[\u0300-\u036f]*"
# The letters that have no decomposition, as in order_search_fold().
_PLAIN = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ß": "ss", "æ": "æ", "œ": "œ"}
# The values of these keys name a customer or a product, never a user.
CUSTOMER_KEYS = frozenset({"customer", "product", "sku"})
# A key as programs write them, such as "paid_at": no name, also if a customer is called "Paid".
_PROGRAM_KEY = re.compile(r"[a-z][a-z0-9_]*")
# The values of these keys, and of those that end with "_at" or "_on", are codes and times: no names, also for "EUR" or "2026".
_CODE_KEYS = frozenset({"currency", "kind", "status", "time", "type"})

# Values that hold a JSON document as text: an event that the relay holds back.
DOCUMENTS = frozenset({"old_values", "new_values"})


def fold(text: str) -> str:
    """The text without case and accents, with single spaces: equal names fold equally."""
    plain = unicodedata.normalize("NFD", text.casefold())
    plain = "".join(_PLAIN.get(letter, letter) for letter in plain if not unicodedata.combining(letter))
    return " ".join(plain.split())


@cache
def _variants() -> dict[str, str]:
    """The letters of Latin, Greek and Cyrillic that fold to a letter, by that letter."""
    found: dict[str, set[str]] = {}
    for code in (*range(0x41, 0x530), *range(0x1E00, 0x2000)):
        letter = chr(code)
        if letter.isalpha() and len(plain := fold(letter)) == 1:
            found.setdefault(plain, set()).add(letter)
    return {plain: "".join(sorted(letters)) for plain, letters in found.items()}


def pattern(name: str, *, escaped: bool = False) -> str:
    """A regular expression for Python and PostgreSQL that matches the name. `escaped`: as it stands in a text of JSON."""
    parts = []
    for piece in re.findall(r"ss|\s+|.", fold(name), re.DOTALL):
        if piece == "ss":
            parts.append(f"(?:[sS]{_MARKS}[sS]|[ßẞ])")
        elif piece.isspace():
            parts.append(r"(?:\s|\\[nrtu]|00a0)+" if escaped else r"\s+")
        elif piece.isalpha():
            letters = _variants().get(piece, piece + piece.upper())
            parts.append(f"[{letters}]{_MARKS}")
        elif escaped and piece in '"\\/':
            parts.append(r"\\*" + re.escape(piece))
        else:
            parts.append(re.escape(piece))
    return "".join(parts)


def _bounded(name: str) -> str:
    if "@" in name:
        return rf"(?<![\w.+-]){pattern(name)}(?![\w-]|\.\w)"
    is_long = " " in fold(name) or len(name) >= LONG_CHARS
    return rf"(?<![^\W_]){pattern(name)}" + ("" if is_long else r"(?![^\W_])")


@dataclass(frozen=True)
class Names:
    """All spellings of one person or customer, and the pseudonym that replaces them. `is_user`: of a user, not a customer."""

    spellings: tuple[str, ...]
    pseudonym: str
    is_user: bool = False

    @classmethod
    def of(cls, spellings: Iterable[str], pseudonym: str, *, is_user: bool = False) -> Names:
        """One spelling per folded name, the longest first, so that no part of a longer one stays."""
        by_fold = {fold(name): name.strip() for name in spellings if len(fold(name)) >= MIN_CHARS}
        longest = sorted(by_fold.values(), key=lambda name: (-len(name), name))
        return cls(tuple(longest[:MAX_NAMES]), pseudonym, is_user)

    def expression(self) -> re.Pattern[str]:
        return _compiled(self.spellings)

    @property
    def loose(self) -> str:
        """A pattern for PostgreSQL that matches at least all texts, also of JSON, in which `found` finds a name."""
        found = (form for name in self.spellings for form in (pattern(name), pattern(name, escaped=True)))
        return "|".join(dict.fromkeys(found)) or "(?!)"

    def found(self, value: Any) -> bool:
        return self.replaced(value) != value

    def replaced(self, value: Any) -> Any:
        """The text, list or JSON document without the names. Keys that no program wrote are replaced too."""
        if isinstance(value, str):
            return self._text(value) if self.spellings else value
        if isinstance(value, list):
            return [self.replaced(one) for one in value]
        if isinstance(value, dict):
            return {self._key(key): self._value(key, one) for key, one in value.items()}
        return value

    def _text(self, text: str) -> str:
        """The text without the names. The pseudonym stays, also if it contains a name: "Erased customer …" and "Customer"."""
        has_own = bool(self.pseudonym) and bool(self.expression().search(self.pseudonym))
        parts = text.split(self.pseudonym) if has_own else [text]
        return self.pseudonym.join(self.expression().sub(lambda _: self.pseudonym, part) for part in parts)

    def _key(self, key: str) -> str:
        return key if _PROGRAM_KEY.fullmatch(key) else self._text(key)

    def _value(self, key: str, value: Any) -> Any:
        """The value of a key. A user's name in the place of a customer is another person's."""
        if key in CUSTOMER_KEYS and self.is_user:
            return value
        if key in _CODE_KEYS or key.endswith(("_at", "_on")):
            return value
        if key == "customer" and isinstance(value, str):
            return self.pseudonym if fold(value) in self.folds else value
        if key in DOCUMENTS and isinstance(value, str):
            document = json.loads(value)
            clean = self.replaced(document)
            return value if clean == document else json.dumps(clean, ensure_ascii=False)
        return self.replaced(value)

    @property
    def folds(self) -> frozenset[str]:
        return frozenset(map(fold, self.spellings))

    def replaced_bytes(self, content: bytes) -> bytes:
        """A JSON document in UTF-8 without the names; the same bytes without a name in it."""
        try:
            document = json.loads(content)
        except ValueError:
            text = content.decode(errors="surrogateescape")
            return str(self.replaced(text)).encode(errors="surrogateescape")
        clean = self.replaced(document)
        return content if clean == document else json.dumps(clean, ensure_ascii=False, separators=(",", ":")).encode()


@lru_cache(maxsize=4)
def _compiled(spellings: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(_bounded, spellings)) or r"(?!)")
