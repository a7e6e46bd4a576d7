"""`flask orders import`: which orders are placed, left unchanged or rejected, and that it does all or nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import psycopg
from flask import Flask

from webapp.services import services

from ..support.imports import LINES, Importer
from ..support.rings import rings
from ..support.world import Service, World


def test_the_command_is_registered_with_flask(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["orders", "import", "--help"])
    assert result.exit_code == 0
    assert "--tenant SLUG" in result.output


def test_a_row_is_an_order_if_the_file_has_totals(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        "A1,Toms Spezialitäten,2026-01-02,12.50",
        '"A2","Vins, et alcools ""Chevalier""",2026-01-03T10:00:00+02:00,7',
    )
    assert result.exit_code == 0, result.output
    assert importer.orders() == [("A1", "Toms Spezialitäten", 1250), ("A2", 'Vins, et alcools "Chevalier"', 700)]
    assert importer.lines() == []
    assert importer.orders("placed_at", "source", "currency", "owner_id", "status") == [
        (datetime(2026, 1, 1, 23, tzinfo=UTC), "csv", "EUR", None, "placed"),
        (datetime(2026, 1, 3, 8, tzinfo=UTC), "csv", "EUR", None, "placed"),
    ]


def test_lines_are_grouped_by_number_in_any_row_order_and_freight_counts_once(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        "A1,Hanari,2026-01-02,11,Queso Cabrales,12,14.00,0.00,32.38",
        "A2,Toms,2026-01-02,14,Tofu,9,18.60,0,11.61",
        "A1,Hanari,2026-01-02,,Mozzarella,5,34.80,0.15,32.38",
        header=LINES,
    )
    assert result.exit_code == 0, result.output
    assert importer.orders() == [("A1", "Hanari", 16800 + 14790 + 3238), ("A2", "Toms", 16740 + 1161)]
    assert importer.lines() == [
        ("A1", 1, "11", "Queso Cabrales", 12.0, 1400, 16800),
        ("A1", 2, "", "Mozzarella", 5.0, 3480, 14790),
        ("A2", 1, "14", "Tofu", 9.0, 1860, 16740),
    ]


def test_each_line_is_rounded_half_up_to_the_minor_unit(importer: Importer) -> None:
    importer.tenant(currency="JPY")
    importer.load(
        "A1,Toms,2026-01-02,,Tea,0.5,5,0,0",  # 2.5
        "A1,Toms,2026-01-02,,Rice,1.5,3,0.1,0",  # 4.05
        "A1,Toms,2026-01-02,,Salt,1,1,0.5,0",  # 0.5
        header=LINES,
    )
    assert [line[-1] for line in importer.lines()] == [3, 4, 1]
    assert importer.orders("total_minor") == [(8,)]


def test_a_given_total_overrides_the_sum_of_the_lines(importer: Importer) -> None:
    importer.tenant()
    importer.load(
        "A1,Toms,2026-01-02,99.00,Tea,1,5.00", header="number,customer,placed_at,total,product,quantity,price"
    )
    assert importer.orders("total_minor") == [(9900,)]
    assert importer.lines() == [("A1", 1, "", "Tea", 1.0, 500, 500)]


def test_an_empty_cell_takes_the_value_of_the_orders_other_rows(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        "A1,,,,Tea,1,5.00",
        "A1,Toms,2026-01-02,9.00,Salt,1,4.00",
        header="number,customer,placed_at,total,product,quantity,price",
    )
    assert result.exit_code == 0, result.output
    assert importer.orders() == [("A1", "Toms", 900)]
    assert [line[3] for line in importer.lines()] == ["Tea", "Salt"]


def test_each_time_and_a_refund_write_their_events(importer: Importer, world: World) -> None:
    importer.tenant()
    importer.load(
        "A1,Toms,2026-01-02,50.00,2026-01-03,2026-01-04,,10.00",
        "A2,Toms,2026-01-02,50.00,,,2026-01-05,",
        header="number,customer,order date,total,paid,shipped,canceled,refunded",
    )
    assert importer.orders("status") == [("shipped",), ("cancelled",)]
    assert [e["type"] for e in world.events()].count("placed") == 2
    assert {e["type"] for e in world.events()} == {"placed", "paid", "shipped", "refunded", "cancelled"}
    assert {e["via"] for e in world.events()} == {"doorbell import"}


def test_the_same_file_twice_changes_nothing_and_rings_once(importer: Importer, service: Service, world: World) -> None:
    importer.tenant()
    rows = (
        "A1,Toms,2026-01-02,,Tea,2,5.00,,1.00",
        "A1,Toms,2026-01-02,,Rice,1,3.00,,1.00",
        "A2,Ana,2026-01-02,,Tea,1,5.00,,",
    )
    with rings(service) as rung:
        assert importer.load(*rows, header=LINES).exit_code == 0
    assert len(rung) == 1
    before, lines, events = importer.orders("*"), importer.lines(), world.events()
    with rings(service) as rung:
        result = importer.run()
    assert (result.exit_code, rung) == (0, [])
    assert "unchanged  2 orders" in result.output
    assert (importer.orders("*"), importer.lines(), world.events()) == (before, lines, events)


def test_an_existing_order_with_other_content_is_listed_and_left_unchanged(importer: Importer, world: World) -> None:
    importer.tenant()
    importer.load("A1,Toms,2026-01-02,5.00", "A2,Toms,2026-01-02,5.00")
    result = importer.load("A1,Toms,2026-01-02,6.00", "A2,Toms,2026-01-02,5.00", "A3,Toms,2026-01-02,7.00")
    assert result.exit_code == 0
    assert "different  1 orders exist with other content and were not changed: A1\n" in result.output
    assert importer.orders("number", "total_minor") == [("A1", 500), ("A2", 500), ("A3", 700)]
    assert [event["type"] for event in world.events()] == ["placed"] * 3


def test_a_different_line_makes_an_order_different(importer: Importer) -> None:
    importer.tenant()
    importer.load("A1,Toms,2026-01-02,,Tea,2,5.00,,", header=LINES)
    result = importer.load("A1,Toms,2026-01-02,,Tea,1,10.00,,", header=LINES)
    assert "different  1 orders" in result.output
    assert importer.lines()[0][4:] == (2.0, 500, 1000)


def test_two_tenants_can_have_the_same_order_number(importer: Importer, world: World) -> None:
    world.order(world.tenant("other"), number="A1")
    importer.tenant()
    result = importer.load("A1,Toms,2026-01-02,6.00")
    assert "placed     1 orders" in result.output
    assert importer.orders("total_minor") == [(1000,), (600,)]


def test_a_dry_run_checks_everything_and_keeps_nothing(importer: Importer, service: Service, world: World) -> None:
    importer.tenant()
    header = "number,customer,placed_at,total,owner_email"
    with rings(service) as rung:
        result = importer.load(
            "A1,T,2026-01-02,6.00,ana@x.example",
            "A2,T,soon,6.00,",
            header=header,
            options=("--owners", "create", "--dry-run"),
        )
    assert (result.exit_code, rung) == (1, [])
    assert "would place 1 orders" in result.output
    assert "placed " not in result.output.partition("Dry run")[0]
    assert "people     1 would be created" in result.output
    assert "Dry run" in result.output
    assert (importer.orders(), world.events()) == ([], [])
    assert world.conn.execute("SELECT count(*) FROM users").fetchone() == (0,)
    assert list(importer.reasons()) == [3]


def test_imported_orders_create_no_notifications(importer: Importer, world: World) -> None:
    tenant = importer.tenant()
    world.user(tenant, email="ana@x.example")
    importer.load(
        "A1,Toms,2026-01-02,1.00,2026-01-02,ana@x.example", header="number,customer,placed_at,total,paid_at,owner_email"
    )
    assert world.conn.execute("SELECT count(*) FROM notifications").fetchone() == (0,)
    assert importer.orders("status") == [("paid",)]


def test_a_failure_while_placing_leaves_nothing(importer: Importer, conn: psycopg.Connection) -> None:
    importer.tenant()
    conn.execute("ALTER TABLE order_lines ADD CHECK (product <> 'Poison')")
    importer.write("A1,Toms,2026-01-02,,Tea,1,5.00,,", "A2,Toms,2026-01-02,,Poison,1,5.00,,", header=LINES)
    result = importer.run()
    assert result.exit_code == 2
    assert "Nothing was placed" in result.output
    assert importer.orders() == []


def test_ctrl_c_places_nothing_and_reports_it(importer: Importer, service: Service, world: World) -> None:
    """A real process gets Ctrl-C while it waits for the lock on a table it writes."""
    importer.tenant()
    importer.write(*[f"A{n},Toms,2026-01-02,1.00" for n in range(100)])
    config = services(importer.app).config
    env = os.environ | {
        "DATABASE_URL": service.database_url,
        "REDIS_URL": service.redis_url,
        "SECRET_KEY": config.secret_key,
    }
    command = [
        sys.executable,
        "-m",
        "flask",
        "--app",
        "wsgi",
        "orders",
        "import",
        str(importer.path),
        "--tenant",
        "acme",
    ]
    # The lock needs its own connection, because pg_stat_activity is frozen inside a transaction.
    with rings(service) as rung, psycopg.connect(service.database_url) as other:
        other.execute("LOCK TABLE order_lines IN EXCLUSIVE MODE")
        process = subprocess.Popen(
            command,
            env=env,
            stderr=subprocess.PIPE,
            text=True,
            # A shell's background job ignores SIGINT.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        waiting = (
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'doorbell import' AND wait_event_type = 'Lock'"
        )
        while not world.conn.execute(waiting).fetchone():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, output = process.communicate(timeout=20)
    assert (process.returncode, "Stopped. Nothing was placed" in output) == (2, True)
    assert (importer.orders(), world.events(), rung) == ([], [], [])
