"""The catalogs of translations: extracts the marked texts, brings messages.po of each language up to date, compiles it.

Both files are committed, so a deployment compiles nothing. The .po files have no line numbers and no dates, so that a change of
code that changes no text changes no catalog.
"""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from webapp.language.locales import DEFAULT, LANGUAGES, TRANSLATIONS

from .words import ROOT

MAPPING = ROOT / "webapp" / "language" / "babel.cfg"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "N_": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "t": None,
    "nt": (1, 2),
}
TRANSLATED = tuple(language for language in LANGUAGES if language != DEFAULT)
# Lines of the header that differ from day to day, or are empty.
DROPPED = tuple(
    f'"{name}:'.encode()
    for name in (
        "POT-Creation-Date",
        "PO-Revision-Date",
        "Last-Translator",
        "Language-Team",
        "Report-Msgid-Bugs-To",
        "Generated-By",
    )
)
NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
# Translators read it in their editor.
HEADER = (
    '# The texts of Doorbell\'s pages. `make texts` brings this file up to date; CONTRIBUTING.md, "Add a language".'
)


def po_path(language: str) -> Path:
    return TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"


def found() -> list[Any]:
    """Each marked text of webapp/ as Babel gives it: file, line, text or its forms, comments for translators, context."""
    with MAPPING.open() as file:
        methods, options = parse_mapping_cfg(file)
    texts = extract_from_dir(ROOT / "webapp", methods, options, KEYWORDS, ("Translators:",), strip_comment_tags=True)
    return sorted(texts, key=lambda one: (one[0], one[1]))


def extracted() -> Catalog:
    """All marked texts of webapp/, each with its comments for translators."""
    catalog = Catalog(charset="utf-8", project="Doorbell", fuzzy=False)
    for name, _line, text, comments, context in found():
        catalog.add(text, None, [(name, 0)], auto_comments=comments, context=context)
    return catalog


def read(language: str) -> Catalog:
    """The catalog of a language, as it is in its file; an empty one for a new language."""
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8", project="Doorbell", version="1", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def merged(language: str, texts: Catalog) -> Catalog:
    """The catalog with exactly these texts: new ones are empty, and those that are gone are dropped."""
    catalog = read(language)
    # Without guesses: a similar text is another text.
    catalog.update(texts, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
    catalog.obsolete.clear()
    return catalog


def po_bytes(catalog: Catalog) -> bytes:
    catalog.header_comment = HEADER
    output = BytesIO()
    write_po(output, catalog, width=120, no_location=True, omit_header=False, sort_output=True, ignore_obsolete=True)
    lines = output.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(DROPPED))


def mo_bytes(catalog: Catalog) -> bytes:
    # Its header has dates in any case.
    catalog.creation_date = catalog.revision_date = NO_DATE
    output = BytesIO()
    write_mo(output, catalog)
    return output.getvalue()


def update() -> None:
    """`make texts`."""
    texts = extracted()
    for language in TRANSLATED:
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(po_bytes(merged(language, texts)))
        catalog = read(language)
        path.with_suffix(".mo").write_bytes(mo_bytes(catalog))
        missing = sum(1 for message in catalog if message.id and not all(forms(message)))
        print(f"{language}: {len(catalog)} texts, {missing} without a translation")


def forms(message: Message) -> tuple[str, ...]:
    """The translation, in each plural form."""
    found = message.string or ""
    return (found,) if isinstance(found, str) else tuple(found)
