"""Sentences that were stored in English are shown in the reader's language."""

from __future__ import annotations

import pytest
from babel.support import Translations

from webapp.language import stored, stored_text

GERMAN = {
    "%(text)r is not a date": "%(text)r ist kein Datum",
    "allowed: the years %(first)s to %(last)s": "erlaubt: die Jahre %(first)s bis %(last)s",
    "the row has %(count)s fields but the header has %(width)s": "die Zeile hat %(count)s Felder, der Kopf %(width)s",
    "Could not connect to %(place)s: %(reason)s.": "Keine Verbindung zu %(place)s: %(reason)s.",
    "the connection was refused": "die Verbindung wurde abgelehnt",
    "The host of the URL is not valid. Write it again.": "Der Rechner der URL ist ungültig. Schreiben Sie ihn neu.",
    "%(name)s sells": "%(name)s verkauft",
}


@pytest.fixture(autouse=True)
def reader_of_german(monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = Translations()
    monkeypatch.setattr(catalog, "_catalog", GERMAN)
    monkeypatch.setattr(stored, "current_catalog", lambda: catalog)


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("the connection was refused", "die Verbindung wurde abgelehnt"),
        ("Could not connect to shop.example:443: the connection was refused.",
         "Keine Verbindung zu shop.example:443: die Verbindung wurde abgelehnt."),
        ("Order date 'the 5th' is not a date; allowed: the years 1900 to 8999",
         "Order date 'the 5th' ist kein Datum; erlaubt: die Jahre 1900 bis 8999"),
        ("the row has 3 fields but the header has 4; placed_at 'x' is not a date",
         "die Zeile hat 3 Felder, der Kopf 4; placed_at 'x' ist kein Datum"),
        ("The host of the URL is not valid. Something else happened.",
         "Der Rechner der URL ist ungültig. Something else happened."),
    ],
)  # fmt: skip
def test_a_sentence_is_recognised_with_its_values(english: str, german: str) -> None:
    assert stored_text(english) == german


@pytest.mark.parametrize("english", ["", "Ana sells", "100 % of a text that no program marked", "'the connection'"])
def test_a_text_that_no_program_marked_stays_as_it_is(english: str) -> None:
    assert stored_text(english) == english
