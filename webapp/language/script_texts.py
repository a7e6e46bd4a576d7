"""The texts of scripts in the language of a page, for webapp/static/texts.js.

A page in another language than English has them as JSON, for all scripts: a few kilobytes that need no request of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import flask_babel
from babel import Locale
from babel.support import NullTranslations

SCRIPTS = Path(__file__).parents[1] / "static"
# t("…") and nt("…", "…", and the strings in quotes may have escapes.
_CALL = re.compile(
    r'(?<![\w.])(?:t\(\s*(?P<text>"(?:[^"\\\n]|\\.)*")|nt\(\s*(?P<one>"(?:[^"\\\n]|\\.)*"),\s*(?P<many>"(?:[^"\\\n]|\\.)*"))'
)
_COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
# Among these numbers are all plural categories of a language; some languages have one for whole millions.
_SAMPLES = (*range(200), 1_000_000)


@cache
def marked() -> Mapping[str, str | None]:
    """The texts of all scripts, each with its English plural form or None."""
    found: dict[str, str | None] = {}
    for script in sorted(SCRIPTS.glob("*.js")):
        for text, many in marked_in(script.read_text()):
            found[text] = many or found.get(text)
    return found


def marked_in(source: str) -> Iterator[tuple[str, str | None]]:
    for call in _CALL.finditer(_COMMENT.sub("", source)):
        if call["text"]:
            yield json.loads(call["text"]), None
        else:
            yield json.loads(call["one"]), json.loads(call["many"])


def plural_samples(locale: str) -> dict[str, int]:
    """A number for each plural category of a language, by CLDR: {"one": 1, "other": 0} for English."""
    rule = Locale.parse(locale).plural_form
    found: dict[str, int] = {}
    for number in _SAMPLES:
        found.setdefault(rule(number), number)
    return found


def translated(locale: str, translations: NullTranslations) -> dict[str, str | dict[str, str]]:
    """English text to its translation, or to its plural forms by category, as Intl.PluralRules names them."""
    samples = plural_samples(locale)
    found: dict[str, str | dict[str, str]] = {}
    for text, many in marked().items():
        if many is None:
            found[text] = translations.ugettext(text)
        else:
            found[text] = {category: translations.ungettext(text, many, number) for category, number in samples.items()}
    return {text: form for text, form in found.items() if form != text}


_by_locale: dict[str, dict[str, str | dict[str, str]]] = {}


def script_texts() -> dict[str, str | dict[str, str]]:
    """The texts of the current request's language. Empty for English."""
    locale = flask_babel.get_locale()
    if locale is None or locale.language == "en":
        return {}
    name = str(locale)
    if name not in _by_locale:
        _by_locale[name] = translated(name, flask_babel.get_domain().get_translations())
    return _by_locale[name]
