"""The decimal mark of a file, found in all of its rows or in those of a preview."""

from __future__ import annotations

from pathlib import Path

from webapp.order_import import decimal_mark
from webapp.order_import.formats import registry
from webapp.order_import.orders_file import OrdersFile
from webapp.order_import.value_style import COMMA, POINT


def test_a_preview_reads_only_its_own_rows_to_find_the_mark(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = [f"A-{n};Hotel;2026-11-02;{'1,50' if n == 6 else '1'}" for n in range(1, 8)]
    path.write_text("\n".join(["number;customer;placed_at;total", *rows]))
    file = OrdersFile.open(path)
    columns = registry.choose(registry.BY_HEADER, file.header, {}).columns
    assert decimal_mark.find(file, columns) == COMMA
    assert decimal_mark.find(file, columns, sample=6) == COMMA
    assert decimal_mark.find(file, columns, sample=5) == POINT
