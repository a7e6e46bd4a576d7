"""The committed catalogs: complete, equal to the marked texts of the code, and with the same values and markup as English."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message

from tools.texts import catalogs

VALUE = re.compile(r"%\((\w+)\)[sr]|%%")
# Options of commands are the same in each language.
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
LANGUAGES = list(catalogs.TRANSLATED)


@pytest.fixture(scope="module")
def extracted() -> Catalog:
    return catalogs.extracted()


def messages(language: str) -> list[Message]:
    return [message for message in catalogs.read(language) if message.id]


def english(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def key(message: Message) -> tuple[str | None, tuple[str, ...]]:
    return message.context, english(message)


class Tags(HTMLParser):
    """The tags of a text, with the attributes that are no words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, *(f"{name}={value}" for name, value in sorted(attrs))))

    def handle_endtag(self, tag: str) -> None:
        self.found.append((f"/{tag}",))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_text_is_translated_in_each_plural_form(language: str) -> None:
    found = messages(language)
    assert len(found) > 1_000
    assert [english(message) for message in found if not all(catalogs.forms(message)) or message.fuzzy] == []
    # Babel's number of forms is the language's own.
    wanted = catalogs.read(language).num_plurals
    plural = [message for message in found if isinstance(message.id, tuple)]
    assert plural
    assert {len(catalogs.forms(message)) for message in plural} == {wanted}


@pytest.mark.parametrize("language", catalogs.TRANSLATED)
def test_the_catalog_has_exactly_the_marked_texts_of_the_code(language: str, extracted: Catalog) -> None:
    """If this fails: make texts, then translate the new texts."""
    code = {key(message) for message in extracted if message.id}
    kept = {key(message) for message in messages(language)}
    assert (sorted(code - kept, key=str), sorted(kept - code, key=str)) == ([], [])


@pytest.mark.parametrize("language", catalogs.TRANSLATED)
def test_the_compiled_catalog_is_that_of_its_source(language: str) -> None:
    path = catalogs.po_path(language)
    assert path.with_suffix(".mo").read_bytes() == catalogs.mo_bytes(catalogs.read(language)), "run: make texts"
    assert path.read_bytes() == catalogs.po_bytes(catalogs.read(language)), "run: make texts"


@pytest.mark.parametrize("language", catalogs.TRANSLATED)
def test_a_translation_has_the_values_the_options_and_the_markup_of_its_text(language: str) -> None:
    for message in messages(language):
        texts, forms = english(message), [form for form in catalogs.forms(message) if form]
        for form in forms:
            # A form for one thing may leave its number out.
            needed = set.intersection(*(set(VALUE.findall(text)) for text in texts)) - {"num"}
            allowed = set.union(*(set(VALUE.findall(text)) for text in texts))
            assert needed <= set(VALUE.findall(form)) <= allowed, (texts, form)
            assert set(OPTION.findall(form)) == set(OPTION.findall(texts[-1])), (texts, form)
            assert sorted(Tags(form).found) == sorted(Tags(texts[-1]).found), (texts, form)
            assert form.count("%") == sum(
                len(found.group()) > 0 and found.group().count("%") for found in VALUE.finditer(form)
            )
            assert (form[:1].isspace(), form[-1:].isspace()) == (texts[0][:1].isspace(), texts[0][-1:].isspace()), form


@pytest.mark.parametrize("language", catalogs.TRANSLATED)
def test_the_order_of_plural_forms_is_that_of_the_languages_rule(language: str) -> None:
    catalog = catalogs.read(language)
    rules = len(Locale.parse(language).plural_form.tags) + 1
    assert catalog.num_plurals == rules
    assert f"nplurals={rules};" in catalogs.po_path(language).read_text()


def test_an_update_of_an_unchanged_code_changes_no_byte(extracted: Catalog) -> None:
    for language in catalogs.TRANSLATED:
        again = catalogs.po_bytes(catalogs.merged(language, extracted))
        assert again == catalogs.po_path(language).read_bytes(), language


def test_no_text_is_also_the_singular_of_a_plural() -> None:
    """A catalog has one entry for both, and a text without a number would get a form that shows one. Give it a context."""
    texts = [(context, text) for _name, _line, text, _comments, context in catalogs.found()]
    singulars = {(context, text[0]) for context, text in texts if isinstance(text, tuple)}
    assert singulars & {(context, text) for context, text in texts if isinstance(text, str)} == set()
