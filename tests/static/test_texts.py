"""texts.js: the texts of scripts in the page's language."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Scripts

pytestmark = pytest.mark.browser

ORDERS = {"zero": "0", "one": "1", "two": "2", "few": "%(num)s few", "many": "%(num)s many", "other": "%(num)s other"}
LOAD = """
    const { language, catalog, script, call: [name, ...values] } = given;
    document.documentElement.lang = language;
    if (catalog) {
        const element = document.createElement("script");
        document.body.append(Object.assign(element, { type: "application/json", id: "texts", textContent: catalog }));
    }
    const texts = await import(`${script}?${language}-${catalog.length}`);
    return texts[name](...values);
"""


def texts(scripts: Scripts, *call: Any, language: str = "en", catalog: dict[str, Any] | None = None) -> Any:
    """The value of a call of `t` or `nt` on a page in a language, with its catalog."""
    address = scripts.page.evaluate("document.querySelector('script[src]').src").replace(
        "vendor/htmx.min.js", "texts.js"
    )
    given = {"language": language, "catalog": json.dumps(catalog) if catalog else "", "script": address, "call": call}
    return scripts.page.evaluate(f"async (given) => {{ {LOAD} }}", given)


ORDER = ("nt", "%(num)s order", "%(num)s orders")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (("t", "Undo"), "Undo"),
        (("t", "Stale since %(time)s", {"time": "14:03"}), "Stale since 14:03"),
        (("t", "%(share)s %%", {"share": 40}), "40 %"),
        (("t", "%(name)s is too large", {"name": "100%(x)s.csv"}), "100%(x)s.csv is too large"),
        ((*ORDER, 1), "1 order"),
        ((*ORDER, 0), "0 orders"),
        ((*ORDER, 1234), "1,234 orders"),
        ((*ORDER, 50, {"num": "50+"}), "50+ orders"),
    ],
)
def test_a_page_in_english_shows_the_text_of_the_code(scripts: Scripts, call: tuple[Any, ...], text: str) -> None:
    assert texts(scripts, *call) == text


def test_a_text_with_a_translation_is_shown_in_the_pages_language(scripts: Scripts) -> None:
    german: dict[str, Any] = {"language": "de", "catalog": {"Stale since %(time)s": "Veraltet seit %(time)s"}}
    assert texts(scripts, "t", "Stale since %(time)s", {"time": "14:03"}, **german) == "Veraltet seit 14:03"
    assert texts(scripts, "t", "Undo", **german) == "Undo"


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (1, "1"), (2, "2"), (3, "3 few"), (11, "11 many"), (100, "100 other"), (1_003, "1,003 few")],
)
def test_each_of_the_six_plural_forms_of_arabic_has_its_numbers_with_latin_digits(
    scripts: Scripts, number: int, text: str
) -> None:
    assert texts(scripts, *ORDER, number, language="ar-EG", catalog={"%(num)s order": ORDERS}) == text


def test_numbers_are_written_as_in_the_pages_language(scripts: Scripts) -> None:
    catalog = {"%(num)s order": {"one": "%(num)s Bestellung", "other": "%(num)s Bestellungen"}}
    assert texts(scripts, *ORDER, 1234, language="de-DE", catalog=catalog) == "1.234 Bestellungen"
