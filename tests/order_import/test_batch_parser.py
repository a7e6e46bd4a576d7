"""A batch of rows parsed column by column gives the values and the reasons of the rows parsed one by one."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.order_import import columns
from webapp.order_import.batch_parser import Batch, BatchParser
from webapp.order_import.cell_parsers import CellParsers
from webapp.order_import.row_parser import Row, RowParser

from ..support.fuzzing import fuzzed

HEADER = (
    *("number", "customer", "owner email", "owner", "placed at", "paid at", "currency", "total", "freight"),
    *("sku", "product", "quantity", "unit price", "discount rate", "line discount"),
)
# The usual cells of each column, so that whole batches are valid.
VALID = dict(
    zip(
        HEADER,
        (
            *(["A1", " B\\2"], ["Toms", "Tom's\tTea\\"], ["Ana@x.example", ""], ["Ana", "ben@x.example", ""]),
            *(["2026-01-02", "2026-03-01 10:15", "2026-03-01T10:15:30+01:00"], ["", "2026-03-01 10:15:30.5Z"]),
            *(["EUR", "eur", ""], ["", "12.50", "-7"], ["", "3"]),
            *(["", "T-1"], ["Tea"], ["1", "0.125", "-2", "(0.5)"], ["5", "0.99"], ["", "0", "0.15"], ["", "0.10"]),
        ),
        strict=True,
    )
)
INVALID = st.sampled_from(["", "soon", "-1", "1,5", "x" * 501, "@", "2026-02-30", "9" * 30, "USD", "\\N", "1901-01-01"])


@st.composite
def batches(draw: st.DrawFn, mostly: st.SearchStrategy[bool]) -> Batch:
    rows = []
    for line in range(2, 2 + draw(st.integers(1, 5))):
        row = [draw(st.sampled_from(VALID[name])) for name in HEADER]
        if draw(mostly):
            row[draw(st.integers(0, len(row) - 1))] = draw(INVALID)
        if draw(mostly):
            row = row[: draw(st.integers(1, len(row)))]
        rows.append((line, row))
    return rows


class BatchesOnly(RowParser):
    def parse(self, line: int, cells: list[str]) -> Row:
        pytest.fail("the batch was parsed row by row")


def parse_both(batch: Batch) -> tuple[list[str], list[str]]:
    rows = RowParser(columns.match(HEADER, {}), CellParsers("Europe/Berlin", "EUR"))
    one_by_one = ["\t".join(map(str, row)) for line, cells in batch if (row := rows.parse(line, cells)) is not None]
    return BatchParser(rows).parse(batch), one_by_one


@fuzzed
@given(batches(st.just(False)))
def test_a_valid_batch_gives_the_values_of_its_rows(batch: Batch) -> None:
    _, one_by_one = parse_both(batch)
    parsers = CellParsers("Europe/Berlin", "EUR")
    assert BatchParser(BatchesOnly(columns.match(HEADER, {}), parsers)).parse(batch) == one_by_one


@fuzzed
@given(batches(st.booleans()))
def test_a_batch_with_invalid_rows_gives_their_reasons(batch: Batch) -> None:
    together, one_by_one = parse_both(batch)
    assert together == one_by_one


def test_one_invalid_row_changes_no_other_row_of_its_batch() -> None:
    cells = [VALID[name][0] for name in HEADER]
    invalid = [*cells[:4], "never", *cells[5:]]
    together, _ = parse_both([(2, cells), (3, invalid), (4, cells)])
    alone = list(itertools.chain(parse_both([(2, cells)])[0], parse_both([(4, cells)])[0]))
    assert [together[0], together[2]] == alone
    assert "placed at 'never' is not a date" in together[1]
