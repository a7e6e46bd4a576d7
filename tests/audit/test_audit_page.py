"""The page of the audit log and its file: filters, pages, one tenant alone, hostile values, the plan of the query."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy.dialects.postgresql import psycopg as psycopg_dialect

from webapp.audit.kinds import Kind
from webapp.audit.recording import record
from webapp.queries import audit_log
from webapp.queries.audit_log import AuditFilter
from webapp.queries.order_cursor import PageCursor

from ..support.browser import Person
from ..support.process_urls import ProcessUrls
from ..support.world import World

PATH = "/settings/audit-log"
HOSTILE = '=HYPERLINK("http://x")\r\n<script>alert(1)</script>\u202e\x1b[31m'


def whats(page: BeautifulSoup) -> list[str]:
    return [cell.get_text(" ", strip=True) for cell in page.select(".audit-what")]


def refund(world: World, tenant: int, number: str, **values: Any) -> None:
    details = {"amount_minor": 500, "currency": "EUR"}
    record(world.conn, Kind.ORDER_REFUNDED, tenant_id=tenant, subject=number, details=details, **values)


def file_rows(person: Person, query: str = "") -> list[list[str]]:
    response = person.get(f"{PATH}/entries.csv{query}")
    assert response.status_code == 200, response.text
    assert response.data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(response.data.decode("utf-8-sig"), newline="")))[1:]


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("sales", 403), ("manager", 403), ("admin", 200)])
def test_only_admins_see_the_audit_log(app: Flask, world: World, tenant: int, role: str, status: int) -> None:
    person = Person(app, world.user(tenant, "Pat", role=role))
    assert person.get(PATH).status_code == person.get(f"{PATH}/entries.csv").status_code == status
    link = person.page("/settings/profile").select_one(f'.settings-nav a[href="{PATH}"]')
    assert (link is not None) == (status == 200)


def test_an_empty_log_says_what_will_appear(admin: Person) -> None:
    assert "No entries yet" in admin.page(PATH).get_text(" ")


def test_filters_find_entries_by_user_kind_address_subject_and_day(
    world: World, admin: Person, admin_id: int, tenant: int
) -> None:
    ben = world.user(tenant, "Ben Berg")
    refund(world, tenant, "1001", actor_id=admin_id)
    refund(world, tenant, "1002", actor_id=ben)
    record(world.conn, Kind.SIGN_IN_FAILED, tenant_id=tenant, actor_name=" ", subject="Ana_x@Example.com")
    assert len(whats(admin.page(PATH))) == 3
    found = {
        f"?person={ben}": ["Refunded €5.00 of order 1002"],
        "?kind=sign_in_failed": ["Sign-in failed for Ana_x@Example.com :"],
        "?subject=ana_": ["Sign-in failed for Ana_x@Example.com :"],
        "?subject=ana%25": [],
        "?address=203.0.113.7": [],
        "?range=today&kind=order_refunded&subject=1001": ["Refunded €5.00 of order 1001"],
        "?range=yesterday": [],
        "?from=2020-01-01&to=2020-01-02": [],
    }
    for query, expected in found.items():
        shown = [what.replace("\xa0", " ") for what in whats(admin.page(PATH + query))]
        assert len(shown) == len(expected), (query, shown)
        assert [what[:28] for what in shown] == [what[:28] for what in expected]
        assert len(file_rows(admin, query)) == len(expected), query


def test_each_way_of_signing_in_has_its_sentence(world: World, admin: Person, tenant: int) -> None:
    for way in ("password", "password and code", "password and recovery code", "password and passkey", "passkey"):
        record(world.conn, Kind.SIGN_IN, tenant_id=tenant, details={"way": way})
    record(world.conn, Kind.SIGN_IN, tenant_id=tenant, details={"way": "invitation"})
    assert [what for what in whats(admin.page(PATH)) if "(" in what] == []


def test_changes_of_the_sign_in_show_what_they_changed(world: World, admin: Person, tenant: int) -> None:
    rule, sso = Kind.SECOND_FACTOR_RULE_CHANGED, Kind.SSO_CHANGED
    record(world.conn, Kind.USER_INVITED, tenant_id=tenant, subject="ben@example.com", details={"role": "admin"})
    record(world.conn, rule, tenant_id=tenant, details={"from": True, "to": False})
    for what in ("domain added", "domain removed"):
        record(world.conn, sso, tenant_id=tenant, details={"what": what, "domain": "acme.example"})
    changed = {"changed": ["issuer", "rules", "client_secret"], "issuer": "https://login.example", "rules": 1}
    record(world.conn, sso, tenant_id=tenant, details={"what": "saved", **changed})
    assert [line.get_text() for line in admin.page(PATH).select(".audit-what div")] == [
        "Issuer: https://login.example",
        "Roles by claims, Client secret",
        "E-mail domains: acme.example → –",
        "E-mail domains: – → acme.example",
        "Everyone must use two-step sign-in: on → off",
        "Role: Admin",
    ]


@pytest.mark.parametrize(
    "query", ["kind=sing_in", "person=x", "range=ever", "from=1.1.2026", "from=2026-02-01&to=2026-01-01"]
)
def test_a_value_that_is_not_valid_is_named(admin: Person, query: str) -> None:
    page = admin.page(f"{PATH}?{query}", 400)
    problem = page.select_one(".filter-problem")
    assert problem is not None
    assert query.split("=")[-1] in problem.get_text()
    assert admin.get(f"{PATH}/entries.csv?{query}").status_code == 400


def test_pages_and_the_file_hold_every_entry_once(world: World, admin: Person, tenant: int) -> None:
    with world.conn.transaction():
        for number in range(audit_log.PAGE_ROWS * 2 + 5):
            refund(world, tenant, f"N{number}")
    seen, address = [], PATH
    while address:
        page = admin.page(address)
        seen += [str(row["id"]) for row in page.select("tbody tr")]
        # A new entry moves no page.
        refund(world, tenant, "later")
        older = page.select_one('a[rel="next"]')
        address = str(older["href"]) if older else ""
    assert len(seen) == len(set(seen)) == audit_log.PAGE_ROWS * 2 + 5
    assert len(file_rows(admin)) == len(seen) + 3
    assert "Downloaded the audit log" in whats(admin.page(PATH))[0]
    assert admin.get(f"{PATH}?before=x").status_code == 400


def test_another_tenants_entries_are_never_shown(app: Flask, world: World, admin: Person, tenant: int) -> None:
    other = world.tenant("other")
    refund(world, other, "SECRET-1")
    record(world.conn, Kind.SIGN_IN_FAILED, tenant_id=None, actor_name=" ", subject="secret@example.com")
    stranger = world.user(other, "Eve Secret", role="admin")
    refund(world, other, "SECRET-2", actor_id=stranger)
    for query in ("", "?kind=order_refunded", "?subject=secret", f"?person={stranger}", "?person=none"):
        assert whats(admin.page(PATH + query)) == [], query
        assert not any("SECRET" in cell for row in file_rows(admin, query) for cell in row)
    assert len(whats(Person(app, stranger).page(PATH))) == 2


def test_hostile_values_are_text_on_the_page_and_in_the_file(world: World, admin: Person, tenant: int) -> None:
    hostile = world.user(tenant, HOSTILE.replace("\x1b", ""))
    refund(world, tenant, HOSTILE, actor_id=hostile)
    record(world.conn, Kind.SETTINGS_CHANGED, tenant_id=tenant, details={"changes": {HOSTILE: [HOSTILE, HOSTILE]}})
    response = admin.get(PATH)
    assert "<script>alert" not in response.text
    assert "&lt;script&gt;alert" in response.text
    rows = file_rows(admin)
    assert len(rows) == 2
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)


def test_the_file_is_in_the_readers_language_and_zone(world: World, admin: Person, tenant: int) -> None:
    world.conn.execute("UPDATE tenants SET timezone = 'Asia/Kolkata'")
    refund(world, tenant, "1001")
    ((_id, time, who, _user, what, *_rest),) = file_rows(admin)
    assert time.endswith("+05:30")
    assert (who, what) == ("Doorbell", "Refunded €5.00 of order 1001")


FILTERS = {
    AuditFilter(): "ix_audit_log_at",
    AuditFilter(start=datetime(2026, 11, 1, tzinfo=UTC)): "ix_audit_log_at",
    AuditFilter(kind="export"): "ix_audit_log_kind",
    AuditFilter(actor_id=7): "ix_audit_log_actor",
    AuditFilter(address="203.0.113.7"): "ix_audit_log_address",
    AuditFilter(subject="Ana_10024"): "ix_audit_log_subject",
    AuditFilter(subject="missing"): "ix_audit_log_subject",
}


def test_the_policy_of_the_web_role_keeps_each_filter_on_its_index(
    world: World, tenant: int, process_urls: ProcessUrls
) -> None:
    """Also where most entries are of other companies. An operator that is not leakproof would read all of them."""
    with world.conn.transaction():
        world.conn.execute("SET LOCAL session_replication_role = replica")
        world.conn.execute(
            "INSERT INTO audit_log (at, tenant_id, kind, origin, actor_id, subject, address)"
            f" SELECT now() - n * interval '1 minute', {tenant} + n % 4, CASE n % 50 WHEN 0 THEN 'export' ELSE 'sign_in' END,"
            " 'browser', n % 300, 'Ana_' || n, '203.0.113.' || n % 250 FROM generate_series(1, 20000) n"
        )
    world.conn.execute("VACUUM ANALYZE audit_log")
    with psycopg.connect(process_urls.web) as web:
        web.execute("SELECT set_config('doorbell.tenant', %s, true)", [str(tenant)])
        for wanted, index in FILTERS.items():
            for before in (None, PageCursor(world.now(), 5)):
                compiled = audit_log.statement(tenant, wanted, before, 50).compile(dialect=psycopg_dialect.dialect())
                plan = "\n".join(row[0] for row in web.execute(f"EXPLAIN {compiled}", compiled.params))
                assert "Seq Scan" not in plan, plan
                assert re.findall(r"Index Scan (?:using|on) (\w+)", plan) == [index], plan
                # A few entries of a filter may be sorted.
                assert wanted != AuditFilter() or "Sort" not in plan, plan


@pytest.mark.usefixtures("app_context")
def test_a_subject_is_searched_as_it_is_typed_in_any_case(world: World, tenant: int) -> None:
    for subject in ("50% off.csv", "50 orders.csv", "ÄNNE@example.com", "a\\b", "日本"):
        refund(world, tenant, subject)
    for typed, expected in {
        "50%": ["50% off.csv"],
        "50": ["50 orders.csv", "50% off.csv"],
        "änne@EXAMPLE": ["ÄNNE@example.com"],
        "_": [],
        "A\\": ["a\\b"],
        "日": ["日本"],
    }.items():
        found = audit_log.read(tenant, AuditFilter(subject=typed), None)
        assert [entry.subject for entry in found] == expected, typed
