"""Marked texts: `_("Refunded %(amount)s.", amount=…)`, in the language of the request or task.

Values are put in by name, and a literal per cent sign is %%. Without an app, as in a pure function's test, and in commands,
texts are English.
"""

from __future__ import annotations

from gettext import NullTranslations
from typing import Any

from flask import has_app_context
from flask_babel import get_translations
from flask_babel.speaklater import LazyString


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


def _catalog() -> NullTranslations:
    return get_translations() if has_app_context() else NullTranslations()
