"""One real action per kind of entry: through a page, a `flask` command or a worker. A test runs all of them in this order.

A kind of an action that another package tests itself is in ELSEWHERE.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask

from webapp.audit import retention
from webapp.audit.kinds import Kind
from webapp.orders import pay, place, ship

from ..support import account_commands
from ..support.attached import SHOP_ORDERS, Shop
from ..support.board import text
from ..support.browser import Person
from ..support.uploads import Uploads, begin, csv, send
from ..support.world import World

PASSWORD = "correct horse battery staple"
HOSTILE = "=1+1\n<b>@x"


@dataclass
class Stage:
    """A company with its admin at the pages, and everything that an action needs."""

    app: Flask
    world: World
    tenant: int
    admin: Person
    manager: Person
    uploads: Uploads
    shop: Shop
    folder: Path
    made: dict[str, Any] = field(default_factory=dict)

    def flask(self, *words: str, types: str = "") -> None:
        result = account_commands.flask(self.app, *words, types=types)
        assert result.exit_code == 0, (words, result.output)

    def post(self, path: str, **data: Any) -> str:
        response = self.admin.post(path, data)
        assert response.status_code in (200, 303), (path, text(response.text))
        return response.text

    def order(self, *, is_shipped: bool = False) -> str:
        with self.app.app_context():
            order = place(self.tenant, "Toms", source="form", total_minor=1000)
            pay(self.tenant, order.number)
            if is_shipped:
                ship(self.tenant, order.number)
        return order.number

    def tv(self) -> int:
        row = self.world.conn.execute("SELECT id FROM tv_links ORDER BY id DESC LIMIT 1").fetchone()
        assert row is not None
        return int(row[0])


def create_user(stage: Stage) -> None:
    words = ("user", "create", "zoe@example.com", "--tenant", "acme", "--name", "Zoe", "--password-stdin")
    stage.flask(*words, types=f"{PASSWORD}\n")


def try_sign_in(stage: Stage, password: str, email: str = "zoe@example.com") -> None:
    stage.made["visitor"] = visitor = Person(stage.app)
    visitor.post("/sign-in", {"email": email, "password": password})


def be_refused(stage: Stage) -> None:
    for _ in range(11):
        try_sign_in(stage, "wrong")


def sign_out(stage: Stage) -> None:
    visitor = stage.made["visitor"]
    assert visitor.post("/sign-out").status_code == 303


def create_tenant(stage: Stage) -> None:
    words = ("--name", "Other", "--timezone", "UTC", "--currency", "EUR", "--locale", "en_GB")
    stage.flask("tenant", "create", "other", *words)


def change_workspace(stage: Stage) -> None:
    page = stage.admin.page("/settings/workspace")
    assert stage.admin.send(page, "/settings/workspace", name="Northwind", team_visible="on").status_code == 303


def correct(stage: Stage, name: str) -> None:
    number = stage.order(is_shipped=name == "shipment")
    answer = stage.manager.post(f"/orders/{number}/{name}-correction", {f"{name}_reason": "a wrong click"})
    assert answer.status_code == 303, text(answer.text)


def upload(stage: Stage) -> None:
    stage.made["upload"] = send(stage.admin, csv(), name="orders.csv")


def start(stage: Stage) -> None:
    begin(stage.admin, stage.made["upload"], "imports")


def cancel(stage: Stage) -> None:
    upload(stage)
    start(stage)
    stage.post(f"/orders/import/{stage.made['upload']}/cancellation")


def import_by_command(stage: Stage) -> None:
    file = stage.folder / "shop.csv"
    file.write_bytes(csv("B-1,Hotel Adler,2026-11-02,129.00,2026-11-03"))
    stage.flask("orders", "import", str(file), "--tenant", "acme")


def attach(stage: Stage) -> None:
    stage.world.conn.execute(SHOP_ORDERS)
    stage.shop.add(1)
    stage.flask("orders", "attach", "shop.orders", "--tenant", "acme", "--yes")


def detach(stage: Stage) -> None:
    stage.post(f"/attached/{stage.shop.attachment().id}/detachment")


def relay(stage: Stage) -> None:
    stage.flask("relay", "add", "stream", "redis:///?stream=orders", "--tenant", "acme")
    stage.post("/relay/stream/pause", reason="deploy")


def remove_old(stage: Stage) -> None:
    with stage.world.conn.transaction():
        stage.world.conn.execute("SET LOCAL session_replication_role = replica")
        stage.world.conn.execute("UPDATE audit_log SET at = at - interval '4 months' WHERE kind = 'tenant_created'")
        stage.world.conn.execute("UPDATE audit_log SET tenant_id = %s WHERE kind = 'tenant_created'", [stage.tenant])
    assert retention.remove_old(stage.shop.service.database_url, 3) == 1


ACTIONS: dict[Kind, Callable[[Stage], object]] = {
    Kind.USER_CREATED: create_user,
    Kind.SIGN_IN_FAILED: lambda stage: try_sign_in(stage, "wrong"),
    Kind.SIGN_IN: lambda stage: try_sign_in(stage, PASSWORD),
    Kind.SIGN_OUT: sign_out,
    Kind.SIGN_IN_REFUSED: be_refused,
    Kind.PASSWORD_CHANGED: lambda stage: stage.flask(
        "user", "password", "zoe@example.com", "--password-stdin", types="another horse battery\n"
    ),
    Kind.SESSIONS_ENDED: lambda stage: stage.flask("user", "sign-out", "zoe@example.com"),
    Kind.ROLE_CHANGED: lambda stage: stage.flask("user", "role", "zoe@example.com", "manager"),
    Kind.USER_RENAMED: lambda stage: stage.flask("user", "rename", "zoe@example.com", "--name", HOSTILE),
    Kind.USER_DISABLED: lambda stage: stage.flask("user", "disable", "zoe@example.com"),
    Kind.USER_ENABLED: lambda stage: stage.flask("user", "enable", "zoe@example.com"),
    Kind.TENANT_CREATED: create_tenant,
    Kind.SETTINGS_CHANGED: change_workspace,
    Kind.TARGET_CHANGED: lambda stage: stage.post("/targets", **{"target-team-day": "10", "working_day": ["1"]}),
    Kind.HOLIDAY_CHANGED: lambda stage: stage.post("/targets/holidays", day="2030-12-24", name="Christmas Eve"),
    Kind.TV_LINK_CREATED: lambda stage: stage.post(
        "/settings/tv", name="Office", screens=["today"], screen_seconds="30", theme="dark"
    ),
    Kind.TV_LINK_CHANGED: lambda stage: stage.post(
        f"/settings/tv/{stage.tv()}", name="Hall", screens=["today"], screen_seconds="30", theme="dark"
    ),
    Kind.TV_LINK_RENEWED: lambda stage: stage.post(f"/settings/tv/{stage.tv()}/token"),
    Kind.TV_LINK_REVOKED: lambda stage: stage.post(f"/settings/tv/{stage.tv()}/revocation"),
    Kind.ORDER_REFUNDED: lambda stage: stage.post(f"/orders/{stage.order()}/refunds", amount="5.00"),
    Kind.PAYMENT_CORRECTED: lambda stage: correct(stage, "payment"),
    Kind.SHIPMENT_CORRECTED: lambda stage: correct(stage, "shipment"),
    Kind.EXPORT: lambda stage: stage.admin.get("/orders.csv?q=Toms&status=paid").close(),
    Kind.IMPORT_UPLOADED: upload,
    Kind.IMPORT_STARTED: start,
    Kind.IMPORT_PLACED: lambda stage: stage.uploads.worker.run(),
    Kind.IMPORT_REMOVED: lambda stage: stage.post(f"/orders/import/{stage.made['upload']}/removal"),
    Kind.IMPORT_CANCELLED: cancel,
    Kind.ATTACH: attach,
    Kind.DETACH: detach,
    Kind.RELAY_VERB: relay,
    Kind.AUDIT_LOG_REMOVED: remove_old,
}
# Actions of packages whose own tests prove the entry.
ELSEWHERE = frozenset(
    {
        Kind.PASSWORD_RESET_REQUESTED,
        Kind.SECOND_FACTOR_ON,
        Kind.SECOND_FACTOR_OFF,
        Kind.SECOND_FACTOR_FAILED,
        Kind.SECOND_FACTOR_CODES_RENEWED,
        Kind.SECOND_FACTOR_RULE_CHANGED,
        Kind.PASSKEY_ADDED,
        Kind.PASSKEY_REMOVED,
        Kind.SSO_CHANGED,
        Kind.SSO_SIGN_IN,
        Kind.USER_INVITED,
        Kind.INVITATION_REVOKED,
        Kind.INVITATION_ACCEPTED,
        Kind.PRIVACY_EXPORT,
        Kind.PRIVACY_ERASURE,
        Kind.TENANT_DELETED,
        Kind.RETENTION_CHANGED,
        Kind.ORDERS_REMOVED,
    }
)
