"""`--update` and corrections: what a person took back, the same file does not mark again."""

from __future__ import annotations

import pytest

from ..support.imports import HEADER, Importer
from ..support.world import World

TIMES = f"{HEADER},paid_at,shipped_at"


def update(importer: Importer, *rows: str) -> str:
    result = importer.load(*rows, header=TIMES, options=("--update",))
    assert result.exit_code == 0, result.output
    return result.output


def correct(world: World, column: str) -> None:
    world.conn.execute(f"UPDATE orders SET {column} = NULL")


@pytest.mark.parametrize(("column", "word"), [("paid_at", "payment"), ("shipped_at", "shipment")])
def test_a_corrected_time_stays_corrected_while_the_file_has_it(
    importer: Importer, world: World, column: str, word: str
) -> None:
    importer.tenant()
    row = "A1,Toms,2026-01-02,10.00,2026-01-03 08:00,2026-01-04 09:00"
    update(importer, row)
    correct(world, column)
    for _ in range(2):
        output = update(importer, row)
        assert f"the {word} in the file" in output
        assert "was corrected here" in output
        assert importer.orders(column) == [(None,)]
    assert world.events()[-1]["type"] == f"{word}_corrected"


def test_another_time_in_the_file_is_a_new_payment(importer: Importer, world: World) -> None:
    importer.tenant()
    update(importer, "A1,Toms,2026-01-02,10.00,2026-01-03 08:00,")
    correct(world, "paid_at")
    output = update(importer, "A1,Toms,2026-01-02,10.00,2026-01-09 08:00,")
    assert "paid 1" in output
    assert "corrected here" not in output
    assert [event["type"] for event in world.events()] == ["placed", "paid", "payment_corrected", "paid"]


def test_a_date_alone_is_the_payment_of_that_day(importer: Importer, world: World) -> None:
    importer.tenant()
    update(importer, "A1,Toms,2026-01-02,10.00,,")
    world.conn.execute("UPDATE orders SET paid_at = '2026-01-03 14:30+01'")
    correct(world, "paid_at")
    assert "was corrected here" in update(importer, "A1,Toms,2026-01-02,10.00,2026-01-03,")
    assert importer.orders("paid_at") == [(None,)]


def test_a_correction_of_a_payment_that_the_file_never_had_is_untouched(importer: Importer, world: World) -> None:
    importer.tenant()
    update(importer, "A1,Toms,2026-01-02,10.00,,")
    world.conn.execute("UPDATE orders SET paid_at = now()")
    correct(world, "paid_at")
    assert "kept" not in update(importer, "A1,Toms,2026-01-02,10.00,,")
    assert importer.orders("paid_at") == [(None,)]
