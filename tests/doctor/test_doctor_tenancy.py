"""`flask doctor`, line `tenancy`: whether PostgreSQL keeps tenants apart."""

from __future__ import annotations

import psycopg
import pytest

from ..support.database_roles import make_role
from ..support.doctor import examined, run_advice
from ..support.process_urls import ProcessUrls
from ..support.world import Service, World

PUBLIC = {"DOORBELL_DEMO": "0", "COOKIE_SECURE": "1"}


def test_a_web_role_of_its_own_is_in_order(service: Service, process_urls: ProcessUrls) -> None:
    found = examined(service, **PUBLIC | {"DATABASE_URL": process_urls.web})
    found.says("tenancy", "ok", "doorbell_web sees the rows of one tenant per transaction")
    found.says("role", "ok", "doorbell_web")


def test_the_rights_of_processes_are_no_fault(service: Service, process_urls: ProcessUrls) -> None:
    found = examined(service)
    assert {name: found.levels[name] for name in ("functions", "writers", "rights", "tenancy")} == {
        "functions": "ok",
        "writers": "ok",
        "rights": "ok",
        "tenancy": "ok",
    }


def test_a_web_process_of_a_superuser_is_named(service: Service) -> None:
    found = examined(service, **PUBLIC)
    found.says("tenancy", "warn", "as postgres, which is a superuser", "flask roles --processes --create")


@pytest.mark.parametrize(
    ("statement", "seen"),
    [
        ("ALTER ROLE suspect BYPASSRLS", "suspect, which has BYPASSRLS"),
        (
            "ALTER ROLE suspect NOBYPASSRLS; GRANT postgres TO suspect",
            "suspect, which is postgres, which owns the tables",
        ),
    ],
)
def test_a_web_role_without_a_policy_is_named(
    service: Service, conn: psycopg.Connection, statement: str, seen: str
) -> None:
    make_role(conn, "suspect")
    conn.execute("REVOKE postgres FROM suspect")
    conn.execute(statement)
    url = service.database_url.replace("//postgres@", "//suspect@")
    examined(service, **PUBLIC | {"DATABASE_URL": url}).says("tenancy", "warn", seen)
    conn.execute("REVOKE postgres FROM suspect")
    conn.execute("ALTER ROLE suspect NOBYPASSRLS")


def test_a_table_without_its_policy_is_named(
    service: Service, conn: psycopg.Connection, process_urls: ProcessUrls
) -> None:
    conn.execute("DROP POLICY tenant_doorbell_web ON holidays")
    found = examined(service, **PUBLIC | {"DATABASE_URL": process_urls.web})
    found.says("tenancy", "FAULT", "no policy binds doorbell_web to one tenant on holidays", "flask roles --processes")


def test_a_table_that_lost_its_protection_is_named_with_the_statement_that_repairs_it(
    service: Service, conn: psycopg.Connection, world: World
) -> None:
    conn.execute("ALTER TABLE orders DISABLE ROW LEVEL SECURITY")
    examined(service).says("tenancy", "FAULT", "orders has no row-level security")
    run_advice(world, service, "tenancy")
