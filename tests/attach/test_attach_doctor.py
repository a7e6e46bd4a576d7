"""The doctor and the metrics on attached tables."""

from __future__ import annotations

import pytest

from webapp.attach import work
from webapp.observability.metrics import worker

from ..support.attached import Shop
from ..support.doctor import examined
from ..support.task_environment import set_environment


def test_the_doctor_is_content_with_live_tables(shop_table: Shop) -> None:
    examined(shop_table.service).says("attached", "ok", "no table is attached")
    shop_table.add(1)
    shop_table.attach()
    work.run(shop_table.service.database_url)
    examined(shop_table.service).says("attached", "ok", "1 of 1 attached tables are live")


@pytest.mark.parametrize(
    ("change", "level", "seen", "advice"),
    [
        ("ALTER TABLE shop.orders DISABLE TRIGGER doorbell_deleted", "FAULT", "doorbell_deleted on shop.orders does not fire",
         "ALTER TABLE shop.orders ENABLE TRIGGER doorbell_deleted"),
        ("DROP TRIGGER doorbell_inserted ON shop.orders", "FAULT", "triggers of shop.orders are missing on shop.orders",
         "flask orders attach --check shop.orders"),
        ("UPDATE attachments SET ghosts = 2", "warn", "2 without a row, and repaired them", "session_replication_role"),
        ("UPDATE attachments SET fault = 'it was locked'", "FAULT", "could not be checked: it was locked", "--check"),
        ("UPDATE attachments SET checked_at = now() - interval '3 days'", "warn",
         "was not checked for 3 days", "The worker checks it"),
        ("UPDATE attachments SET state = 'backfilling', created_at = now() - interval '2 hours', rows_total = 9", "warn",
         "has copied 1 of 9 rows", "Continue it: flask orders attach shop.orders"),
        ("UPDATE shop.orders SET total = -1", "warn", "1 row of shop.orders cannot become orders: row 1: the total is negative",
         "Correct the rows"),
        ("DROP TABLE shop.orders", "FAULT", "was dropped", "flask orders detach shop.orders"),
    ],
)  # fmt: skip
def test_the_doctor_finds(shop_table: Shop, change: str, level: str, seen: str, advice: str) -> None:
    shop_table.add(1)
    shop_table.attach()
    shop_table.execute(change)
    examined(shop_table.service).says("attached", level, seen, advice)


def test_the_task_sets_the_metrics(shop_table: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    service = shop_table.service
    set_environment(monkeypatch, DATABASE_URL=service.database_url, REDIS_URL=service.redis_url, SECRET_KEY="k" * 40)
    from tasks.attach import run

    shop_table.add(1)
    shop_table.add(2, "-1")
    shop_table.install()
    assert run() == 1
    gauges = (worker.ATTACHED_TABLES, worker.ATTACH_DRIFT, worker.ATTACH_FAULTS, worker.ATTACH_PROBLEMS)
    assert [gauge._value.get() for gauge in gauges] == [1, 0, 0, 1]
    shop_table.execute("SET session_replication_role = replica; DELETE FROM shop.orders WHERE id = 1")
    work.request_check(shop_table.conn, shop_table.attachment().id)
    run()
    assert worker.ATTACH_DRIFT._value.get() == 1
