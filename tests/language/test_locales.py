"""The language of an answer, and its locale: words, dates and numbers of one language."""

from __future__ import annotations

import pytest

from webapp.language import locales


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-US,en;q=0.9", "en"),
        ("fr-CH, fr;q=0.9, de;q=0.7, *;q=0.5", "de"),
        ("en;q=0.3, ar-EG;q=0.8", "ar"),
        ("de;q=0, en;q=0.1", "en"),
        ("ja", None),
        ("*", None),
        ("", None),
        ("de" * 10_000, None),
        (";;;,q=,,", None),
    ],
)
def test_the_first_language_of_accept_language_with_a_catalog_is_accepted(header: str, language: str | None) -> None:
    assert locales.accepted(header) == language


def test_the_page_goes_before_the_user_and_the_user_before_the_browser() -> None:
    assert locales.chosen("de", "ar", "en") == "de"
    assert locales.chosen("", "ar", "en") == "ar"
    assert locales.chosen("", None, "en") == "en"
    assert locales.chosen("", None, "ja") is None
    assert locales.chosen("../de", None, "en") == "en", "a language without a catalog is ignored"


@pytest.mark.parametrize(
    ("language", "tenant", "locale"),
    [
        (None, "de_CH", "de_CH"),
        ("de", "de_CH", "de_CH"),
        ("en", "de_CH", "en_CH"),
        ("en", "ga_IE", "en_IE"),
        # The English of Germany has German numbers.
        ("en", "de_DE", "en_150"),
        ("de", "en_GB", "de"),
        ("ar", "ar_EG", "ar_EG"),
        ("ar", "de_DE", "ar"),
        # Without a catalog of its language, a tenant has English, as in its country where CLDR has such a form.
        (None, "hi_IN", "en_IN"),
        (None, "hu_HU", "en_150"),
        (None, "ja_JP", "en"),
    ],
)
def test_a_page_has_the_form_of_its_language_in_the_tenants_country(
    language: str | None, tenant: str, locale: str
) -> None:
    assert locales.page_locale(language, tenant) == locale


def test_arabic_is_written_from_right_to_left() -> None:
    assert [locales.is_right_to_left(name) for name in ("ar_EG", "de_DE", "en")] == [True, False, False]
