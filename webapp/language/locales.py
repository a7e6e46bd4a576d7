"""The languages with a catalog, and the locale of a page: its words, dates and numbers are of one language."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError, negotiate_locale
from babel.core import get_global
from babel.numbers import get_decimal_symbol
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

TRANSLATIONS = Path(__file__).parent / "translations"
# The language of the texts in the code.
DEFAULT = "en"
# Each has a folder in translations/, English excepted.
LANGUAGES = (DEFAULT, "de", "ar")
# In their own words, because a reader searches for that.
NAMES = {"en": "English", "de": "Deutsch", "ar": "العربية"}
# Of en_DE it is en_150, the English of Europe.
_PARENTS = get_global("parent_exceptions")
# The header with the language of the page that sends a request. An open page so keeps its language.
PAGE_LANGUAGE = "Doorbell-Language"
# Of an Accept-Language header; browsers send some ten languages in less.
MAX_HEADER_CHARS = 400


@lru_cache(maxsize=1024)
def page_locale(language: str | None, tenant_locale: str) -> str:
    """The Babel locale of a page in `language` (None: that of the tenant, where it has a catalog), in the tenant's country.

    Dates and numbers are of the language of the words: a reader of English in a tenant of en_IE gets en_IE, in one of de_DE
    the English of Europe, because en_DE writes German numbers. A tenant of ja_JP, which has no catalog, gets en.
    """
    tenant = Locale.parse(tenant_locale)
    if language is None:
        language = tenant.language if tenant.language in LANGUAGES else DEFAULT
    if language == tenant.language:
        return tenant_locale
    try:
        found = str(Locale(language, territory=tenant.territory))
    except UnknownLocaleError:
        return language
    return found if get_decimal_symbol(found) == get_decimal_symbol(language) else _PARENTS.get(found, found)


def is_right_to_left(locale: str) -> bool:
    return bool(Locale.parse(locale).text_direction == "rtl")


def tag(locale: str) -> str:
    """The locale as HTML and scripts write it: "de-DE"."""
    return locale.replace("_", "-")


def chosen(page: str, user: str | None, accept_language: str) -> str | None:
    """The language of an answer: of the page that asks ("" for none), of the user, or of an Accept-Language header."""
    return page if page in LANGUAGES else user or accepted(accept_language)


@lru_cache(maxsize=1024)
def accepted(header: str) -> str | None:
    """The first language of an Accept-Language header, best first, that has a catalog; None if none has."""
    found = parse_accept_header(header[:MAX_HEADER_CHARS], LanguageAccept)
    wanted = [name.replace("-", "_") for name, quality in found if quality > 0]
    chosen = negotiate_locale(wanted, LANGUAGES, aliases={})
    return chosen.split("_")[0] if chosen else None
