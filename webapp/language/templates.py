"""Marked texts in templates: `{{ _("Salespeople") }}`, `ngettext`, `pgettext` and `{% trans %}`.

Flask-Babel's own setup would add filters for numbers and dates as well, and theirs are in another time zone than the tenant's.
"""

from __future__ import annotations

from flask import Flask
from flask_babel import get_translations


def init_app(app: Flask) -> None:
    app.jinja_env.add_extension("jinja2.ext.i18n")
    # Line breaks and indentation inside of {% trans %} are no part of its text.
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    # Jinja itself puts the values in, and escapes them.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: get_translations().ugettext(text),
        ngettext=lambda one, many, num: get_translations().ungettext(one, many, num),
        newstyle=True,
        pgettext=lambda context, text: get_translations().upgettext(context, text),
        npgettext=lambda context, one, many, num: get_translations().unpgettext(context, one, many, num),
    )
