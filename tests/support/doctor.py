"""`flask doctor` run on a test's own services, what it said of each check, and whom it looks at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from flask import Flask

from webapp import create_app
from webapp.doorbell import connection, locks

from ..conftest import config_for
from .world import Service, World

NAMES = ["postgresql", "redis", "schema", "triggers", "functions", "rights", "role", "tenancy", "ids", "writers"]
NAMES += ["bell", "listener", "cursor", "rollups"]
NAMES += [
    "queue",
    "clock",
    "zones",
    "partitions",
    "transactions",
    "refunds",
    "orders",
    "relay",
    "imports",
    "attached",
    "audit-log",
    "privacy",
    "admins",
    "sign-in",
]


class Examined:
    """What one run of `flask doctor --json` said."""

    def __init__(self, app: Flask) -> None:
        result = app.test_cli_runner().invoke(args=["doctor", "--json"])
        answer = json.loads(result.output)
        self.checks: dict[str, dict[str, str]] = {check["check"]: check for check in answer["checks"]}
        self.exit_code, self.ok = result.exit_code, answer["ok"]
        assert list(self.checks) == NAMES, "every check is told of, whatever is broken"
        assert self.ok == (self.exit_code == 0) == ("FAULT" not in self.levels.values())

    @property
    def levels(self) -> dict[str, str]:
        return {name: check["level"] for name, check in self.checks.items()}

    def says(self, name: str, level: str, seen: str, advice: str = "") -> Examined:
        check = self.checks[name]
        assert check["level"] == level, check
        assert seen in check["seen"], check
        assert advice in check["advice"], check
        assert (level == "ok") == (check["advice"] == "") or check["seen"].startswith("not "), check
        return self


def examined(service: Service, **changes: str) -> Examined:
    app = create_app(config_for(service, **changes))
    with app.app_context():
        found = Examined(app)
        app.extensions["sqlalchemy"].engine.dispose()
    return found


@contextmanager
def leading(service: Service, name: str = "doorbell listener") -> Iterator[psycopg.Connection]:
    with connection.connect(service.database_url, name) as conn:
        assert locks.try_lead(conn)
        yield conn


OLD_EVENT = (
    "INSERT INTO order_events (recorded_at, tenant_id, order_id, type, via, occurred_at{more})"
    " SELECT now() - interval '{age}', %s, 1, '{type}', 'test', now(){value} FROM generate_series(1, {count})"
)


def old_event(
    world: World, tenant: int, age: str = "1 min", type: str = "edited", count: int = 1, xid: str = ""
) -> None:
    more, value = (", xid", f", '{xid}'::xid8") if xid else ("", "")
    world.conn.execute(OLD_EVENT.format(age=age, type=type, count=count, more=more, value=value), [tenant])


def run_advice(world: World, service: Service, check: str) -> None:
    """Run the doctor's advice; the check must be ok after it."""
    for line in examined(service).checks[check]["advice"].splitlines():
        world.conn.execute(line)
    assert examined(service).levels[check] == "ok", examined(service).checks[check]
