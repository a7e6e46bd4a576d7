"""Any cell of a file is a value, or a fault of it."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from webapp.order_import.cell_parsers import CellParsers
from webapp.order_import.errors import ValueInvalid

from ..support.fuzzing import MOMENTS, TEXTS, fuzzed

DATES = st.tuples(
    st.sampled_from(["2026-11-20", "0000-00-00", "1900-01-01", "9999-12-31", "2026-02-30", "2026-03-29"]) | MOMENTS,
    st.sampled_from(["", " ", "T"]),
    st.sampled_from(["", "02:30", "24:00", "23:59:60", "12:00:00.1234567", "02:30:00+99:99", "00:00Z"]) | TEXTS,
).map("".join)


@fuzzed
@given(
    TEXTS,
    st.sampled_from(["money", "signed_money", "quantity", "rate", "instant", "email", "currency", "number", "text"]),
    st.booleans(),
)
def test_a_cell_of_a_file_is_a_value_or_a_fault_of_it(text: str, kind: str, comma: bool) -> None:
    values = CellParsers("Europe/Berlin", "EUR", "comma" if comma else "point")
    try:
        value = getattr(values, kind)(text)
    except ValueInvalid:
        return
    assert "\n" not in str(value)


@fuzzed
@given(DATES, st.sampled_from(["Europe/Berlin", "Africa/Cairo", "Pacific/Apia", "UTC"]))
def test_a_date_of_a_file_is_a_moment_or_a_fault_of_it(text: str, zone: str) -> None:
    try:
        moment = CellParsers(zone, "EUR").instant(text)
    except ValueInvalid:
        return
    assert moment == "\\N" or datetime.fromisoformat(str(moment)).tzinfo is not None
