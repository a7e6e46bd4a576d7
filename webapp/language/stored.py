"""English texts that were written before their reader was known, in the reader's language.

Workers, commands and PostgreSQL write sentences into the database: the reason of a rejected row, the last error of a webhook.
They are marked where they are written. A sentence of a page is compared with the marked texts, and takes the translation of the
one that it is an instance of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from gettext import NullTranslations
from typing import NamedTuple

from .texts import _catalog as current_catalog

_PLACE = re.compile(r"%\((\w+)\)([sr])")
# Sentences and their clauses.
_ENDS = ".!?…;\u061b\u061f"
_BETWEEN = re.compile(rf"(?<=[{_ENDS}]) ")
# A text with fewer letters of its own says too little to be recognised by them: "%(path)s is %(what)s".
MIN_LETTERS = 10


class _Marked(NamedTuple):
    """A marked sentence or clause in both languages, and the letters around its values."""

    english: str
    translated: str
    chunks: tuple[str, ...]

    @property
    def letters(self) -> int:
        return sum(letter.isalpha() for chunk in self.chunks for letter in chunk)


def N_(text: str, /) -> str:
    """`text` itself, marked. A page translates it by `stored_text`."""
    return text


def stored_text(text: str, /) -> str:
    """The text in the reader's language. A sentence that is not an instance of a marked text stays English."""
    catalog = current_catalog()
    return _translated(catalog, text) if _marked(catalog) else text


@lru_cache(maxsize=16)
def _marked(catalog: NullTranslations) -> tuple[_Marked, ...]:
    """The marked texts of a catalog, those with the most letters first."""
    return tuple(sorted(_read(getattr(catalog, "_catalog", {})), key=lambda marked: -marked.letters))


def _read(texts: Mapping[object, str]) -> Iterator[_Marked]:
    for english, translated in texts.items():
        if not isinstance(english, str) or not english or not translated or "\x04" in english:
            continue
        yield from _one(english, translated)
        parts = _BETWEEN.split(english), _BETWEEN.split(translated)
        if len(parts[0]) == len(parts[1]) > 1:
            for one, other in zip(*parts, strict=True):
                yield from _one(one, other)


def _one(english: str, translated: str) -> Iterator[_Marked]:
    # The value of %(text)r has its quotes already.
    english, translated = (_PLACE.sub(r"%(\1)s", text.rstrip(_ENDS)) for text in (english, translated))
    chunks = tuple(chunk.replace("%%", "%") for chunk in _PLACE.split(english)[::3] if chunk)
    if chunks:
        yield _Marked(english, translated, chunks)


@lru_cache(maxsize=4096)
def _translated(catalog: NullTranslations, text: str) -> str:
    found = _instance(catalog, text)
    if found is None:
        found = " ".join(_instance(catalog, part) or part for part in _BETWEEN.split(text))
    return found


def _instance(catalog: NullTranslations, text: str) -> str | None:
    """The translation of the marked text that `text` is an instance of, with its values; None if it is of no marked text."""
    inner = text.rstrip(_ENDS)
    # The reason of a rejected row begins with the name of a column: "Order date 'yesterday' is not a date".
    name, quote, rest = inner.partition(" '")
    found = _filled(catalog, inner)
    if found is None and quote and not _BETWEEN.search(name) and (found := _filled(catalog, f"'{rest}")) is not None:
        found = f"{name} {found}"
    return None if found is None else found + text[len(inner) :]


def _filled(catalog: NullTranslations, text: str) -> str | None:
    for marked in _marked(catalog):
        if all(chunk in text for chunk in marked.chunks) and (values := _values(marked.english, text)) is not None:
            translated = {name: _value(catalog, value) for name, value in values.items()}
            is_certain = marked.letters >= MIN_LETTERS or not values
            if is_certain or any(" " in value and translated[name] != value for name, value in values.items()):
                return marked.translated % translated
    return None


def _value(catalog: NullTranslations, value: str) -> str:
    is_sentence = " " in value and not (value[0] == value[-1] == "'")
    return (_instance(catalog, value) or value) if is_sentence else value


@lru_cache(maxsize=1024)
def _pattern(english: str) -> re.Pattern[str]:
    seen: set[str] = set()

    def place(name: str) -> str:
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>.+?)"

    # Texts, names and flags in turn.
    pieces = _PLACE.split(english)
    texts = [re.escape(chunk.replace("%%", "%")) for chunk in pieces[::3]]
    places = [place(name) for name in pieces[1::3]]
    return re.compile("".join(a + b for a, b in zip(texts, [*places, ""], strict=True)), re.DOTALL)


def _values(english: str, text: str) -> dict[str, str] | None:
    """The values with which the marked text is `text`. None has a sentence or clause of its own."""
    found = _pattern(english).fullmatch(text)
    if found is None or any(_BETWEEN.search(value) for value in found.groups()):
        return None
    return found.groupdict()
