"""The page's locale for `<html lang dir>` and for scripts, as functions of all templates."""

from __future__ import annotations

from ..accounts.current import current_locale
from ..language import locales


def page_language() -> str:
    """The page's language and country as HTML and scripts write them: "de-DE"."""
    return locales.tag(current_locale())


def page_direction() -> str:
    """The page's writing direction: "ltr" or "rtl"."""
    return "rtl" if locales.is_right_to_left(current_locale()) else "ltr"


GLOBALS = {"page_locale": current_locale, "page_language": page_language, "page_direction": page_direction}
