"""Plural forms: the number of a text chooses the same form on the server and, by its category, in scripts."""

from __future__ import annotations

from io import BytesIO

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.support import Translations

from tools.texts import catalogs
from webapp.language import in_locale, ngettext, script_texts

ONE, MANY = "%(num)s order", "%(num)s orders"
# By CLDR.
ARABIC = {0: "zero", 1: "one", 2: "two", 5: "few", 11: "many", 100: "other"}


def labelled(language: str) -> Translations:
    """A catalog of one text, whose forms are named by the category of their numbers."""
    rule = Locale.parse(language).plural_form
    catalog = Catalog(locale=language)
    forms = [""] * catalog.num_plurals
    index = Translations(BytesIO(catalogs.mo_bytes(catalog))).plural
    for number in range(200):
        forms[index(number)] = rule(number)
    catalog.add((ONE, MANY), tuple(forms))
    return Translations(BytesIO(catalogs.mo_bytes(catalog)))


@pytest.mark.parametrize("number", ARABIC)
def test_the_form_of_an_arabic_number_is_that_of_its_category(number: int) -> None:
    assert labelled("ar").ungettext(ONE, MANY, number) == ARABIC[number]


def test_scripts_receive_each_form_under_the_name_of_its_category(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_texts, "marked", lambda: {ONE: MANY})
    for language in catalogs.TRANSLATED:
        forms = script_texts.translated(language, labelled(language))[ONE]
        assert forms == {category: category for category in script_texts.plural_samples(language)}, language


def test_german_has_one_form_for_one_and_another_for_all_other_numbers() -> None:
    with in_locale("de_DE"):
        found = [ngettext(ONE, MANY, number) for number in (0, 1, 2, 5, 11, 100)]
    assert found == [
        "0 Bestellungen", "1 Bestellung", "2 Bestellungen", "5 Bestellungen", "11 Bestellungen", "100 Bestellungen",
    ]  # fmt: skip
