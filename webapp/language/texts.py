"""Marked texts: `_("Refunded %(amount)s.", amount=…)`, in the language of the request or task.

Values are put in by name, and a literal per cent sign is %%. Outside of a request, `in_locale` chooses the language of a
reader; without it texts are English, as in commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import NullTranslations
from typing import Any

from babel.support import Translations
from flask import has_app_context
from flask_babel import get_translations
from flask_babel.speaklater import LazyString

from .locales import TRANSLATIONS

# None: that of the request.
_forced: ContextVar[str | None] = ContextVar("locale", default=None)


def gettext(text: str, /, **values: object) -> str:
    """`text` in the reader's language, with %(name)s replaced by the values."""
    return _catalog().gettext(text) % values


def ngettext(one: str, many: str, num: int, /, **values: object) -> str:
    """The plural form for `num`, which is the value %(num)s unless another is given: a formatted number, for example."""
    return _catalog().ngettext(one, many, num) % {"num": num, **values}


def pgettext(context: str, text: str, /, **values: object) -> str:
    """`text` with a context that tells apart two meanings of one English word."""
    return _catalog().pgettext(context, text) % values


def lazy_gettext(text: str, /, **values: Any) -> LazyString:
    """A text of a module or class that is translated at each use."""
    return LazyString(gettext, text, **values)


@contextmanager
def in_locale(locale: str) -> Iterator[None]:
    """Texts of this block are for a reader with this locale: in a task, or in a request for another user."""
    before = _forced.set(locale)
    try:
        yield
    finally:
        _forced.reset(before)


def _catalog() -> NullTranslations:
    if locale := _forced.get():
        return catalog(locale)
    return get_translations() if has_app_context() else NullTranslations()


@lru_cache(maxsize=256)
def catalog(locale: str) -> NullTranslations:
    """The texts of a locale; those of the code, if there is no catalog of its language."""
    return Translations.load(TRANSLATIONS, [locale])
