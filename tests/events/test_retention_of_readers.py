"""Events stay until every saved reader has finished with them."""

from __future__ import annotations

from webapp.events.retention import DEFAULT, Retained
from webapp.outbox.reader import Reader

from ..support.archive import Archive


def test_a_month_is_kept_until_a_reader_has_finished_its_diff(archive: Archive) -> None:
    """All events of the diff are handled, and a crash may still read them again."""
    old, relay = archive.month("2024_01"), Reader("relay")
    relay.save(archive.conn, relay.present(archive.conn))
    archive.event("2024-01-15")
    archive.read()
    diff = relay.begin(archive.conn)
    assert diff is not None
    diff.advance(diff.read(10)[-1].id)
    assert archive.drop().kept == {old: "relay has not read all of it"}
    diff.finish()
    assert archive.drop() == Retained(dropped=[old])


def test_old_rows_of_the_default_partition_are_kept_until_a_reader_has_finished_its_diff(archive: Archive) -> None:
    relay = Reader("relay")
    relay.save(archive.conn, relay.present(archive.conn))
    archive.event("2024-01-15")
    archive.read()
    diff = relay.begin(archive.conn)
    assert diff is not None
    diff.advance(diff.read(10)[-1].id)
    assert archive.drop().kept == {DEFAULT: "relay has not read all of it"}
    diff.finish()
    assert archive.drop() == Retained(deleted=1)


def test_a_reader_that_is_deleted_holds_no_month(archive: Archive) -> None:
    old, relay = archive.month("2024_01"), Reader("relay")
    relay.save(archive.conn, relay.beginning(archive.conn))
    archive.event("2024-01-15")
    archive.read()
    assert archive.drop().kept == {old: "relay has not read all of it"}
    relay.delete(archive.conn)
    assert archive.drop() == Retained(dropped=[old])
