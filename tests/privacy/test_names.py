"""Names in JSON documents: replaced in their values, without a change of what programs read in them."""

from __future__ import annotations

import pytest

from webapp.privacy.names import Names

EVENT = {
    "customer": "Anna Berg",
    "status": "new",
    "paid_at": "2026-11-03T10:00:00+00:00",
    "ordered_on": "2026-11-03",
    "currency": "EUR",
    "time": "2026-11-03T10:00:01Z",
    "total_minor": 2026,
    "note": "For EUR 2026, paid",
}


@pytest.mark.parametrize("name", ["Status", "Paid", "Customer", "currency", "note", "Total minor"])
def test_a_customer_with_the_name_of_a_key_changes_no_key(name: str) -> None:
    assert list(Names.of([name], "Erased customer 1").replaced(EVENT)) == list(EVENT)


@pytest.mark.parametrize(
    ("name", "note"),
    [("EUR", "For * 2026, paid"), ("new", EVENT["note"]), ("2026", "For EUR *, paid"), ("paid", "For EUR 2026, *")],
)
def test_a_customer_with_the_name_of_a_code_changes_texts_but_no_code_and_no_time(name: str, note: str) -> None:
    assert Names.of([name], "*").replaced(EVENT) == EVENT | {"note": note}


def test_a_name_as_a_key_that_no_program_wrote_is_replaced() -> None:
    assert Names.of(["Anna Berg"], "*").replaced({"Anna Berg": "1", "of anna berg": "2"}) == {"*": "1", "of *": "2"}


def test_a_customers_name_in_a_document_is_replaced_in_its_place_and_in_texts() -> None:
    found = Names.of(["Anna Berg"], "*").replaced(EVENT | {"note": "Call anna berg"})
    assert found == EVENT | {"customer": "*", "note": "Call *"}
