"""The texts of scripts: those that the scripts have, and their translations for a page."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.support import Translations
from flask import Flask

from webapp.language import script_texts

from ..support.browser import Person, soup
from ..support.world import World

# In the order of the rule that Babel writes into an Arabic catalog.
FORMS = ("zero", "one", "two", "few", "other", "many")


def translations(locale: str, **forms: str | tuple[str, ...]) -> Translations:
    """Translations with a catalog as `make texts` compiles it."""
    catalog = Catalog(locale)
    for text, form in forms.items():
        catalog.add(text if isinstance(form, str) else (text, f"{text}s"), form)
    file = BytesIO()
    write_mo(file, catalog)
    file.seek(0)
    return Translations(file)


def test_every_marked_text_of_the_scripts_is_found_as_babel_finds_it() -> None:
    extracted = extract_from_dir(script_texts.SCRIPTS, [("*.js", "javascript")], keywords={"t": None, "nt": (1, 2)})
    found = {text if isinstance(text, str) else text[0] for _file, _line, text, *_ in extracted}
    assert set(script_texts.marked()) == found


def test_calls_over_several_lines_and_escapes_are_read() -> None:
    source = 'x = nt(\n  "%(num)s row",\n  "%(num)s rows",\n  n,\n);\ny = t("Say \\"no\\"");\nset("a"); part.t("b")\n'
    assert list(script_texts.marked_in(source)) == [("%(num)s row", "%(num)s rows"), ('Say "no"', None)]


def test_each_plural_category_gets_the_form_of_the_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_texts, "marked", lambda: {"order": "orders", "Undo": None, "Live": None})
    arabic = translations("ar", order=FORMS, Undo="تراجع")
    assert script_texts.translated("ar_EG", arabic) == {"order": dict(zip(FORMS, FORMS, strict=True)), "Undo": "تراجع"}
    german = translations("de", order=("Bestellung", "Bestellungen"))
    assert script_texts.translated("de_DE", german)["order"] == {"one": "Bestellung", "other": "Bestellungen"}


@pytest.mark.parametrize("locale", ["en", "de", "ar", "pl", "fr", "ja"])
def test_each_plural_category_of_a_language_has_a_number(locale: str) -> None:
    categories = Locale.parse(locale).plural_form.tags | {"other"}
    # Fractions alone are "other" in Polish.
    assert set(script_texts.plural_samples(locale)) | {"other"} == categories


def test_a_page_in_another_language_than_english_has_the_texts_of_its_scripts_as_data(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {"Live": "Live</script><script>", "Undo": "Rückgängig"}
    monkeypatch.setitem(script_texts._by_locale, "de_DE", texts)
    ana = Person(app, world.user(world.tenant(locale="de_DE")))
    found = soup(ana.get("/inbox", headers={"Accept-Language": "de"})).select_one("#texts")
    assert found is not None
    assert found["type"] == "application/json"
    assert json.loads(found.text) == texts
    assert soup(ana.get("/inbox", headers={"Accept-Language": "en"})).select_one("#texts") is None
    assert Person(app).page("/sign-in").select_one("#texts") is None, "signed out there is no module"
