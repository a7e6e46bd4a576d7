"""Marked texts: `_("Refunded %(amount)s.", amount=…)`, in the language of the request or task.

Without an app, as in a pure function's test, and in commands, texts are English.
"""

from __future__ import annotations

from typing import Any

import flask_babel
from flask import has_app_context
from flask_babel.speaklater import LazyString


def gettext(text: str, **values: object) -> str:
    """`text` in the reader's language, with %(name)s replaced by the values; a literal per cent sign is %%."""
    if has_app_context():
        return str(flask_babel.gettext(text, **values))
    return text % values if values else text


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """The plural form for `num`, which is the value %(num)s unless another is given: a formatted number, for example."""
    if has_app_context():
        return str(flask_babel.ngettext(one, many, num, **values))
    return (one if num == 1 else many) % {"num": num, **values}


def pgettext(context: str, text: str, **values: object) -> str:
    """`text` with a context that tells apart two meanings of one English word."""
    if has_app_context():
        return str(flask_babel.pgettext(context, text, **values))
    return text % values if values else text


def lazy_gettext(text: str, **values: Any) -> LazyString:
    """A text of a module or class that is translated at each use."""
    return LazyString(gettext, text, **values)
