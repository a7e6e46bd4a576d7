"""The rows that the addresses of route_rules.py name, of one tenant. Their texts must reach no other tenant."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import psycopg
import redis
from flask import Flask
from werkzeug.routing import Rule

from ..support.attached import SHOP_ORDERS, Shop
from ..support.relay import Relay, deliver, hold
from ..support.tvs import make_tv
from ..support.uploads import BAD, Uploads, csv
from ..support.world import Service, World
from .route_rules import QUERIES, RULES

# In the company's rows. An answer may repeat what its address names, such as the order SECRET-7.
SECRETS = (
    "Secret Ltd",
    "Secret Person",
    "Secret Customer",
    "secret comment",
    "secret reason",
    "secret.csv",
    "Secret TV",
    "SECRET-8",
    "777.77",
)
# Arguments that name no row, or the row of any tenant.
TEXTS: dict[str, object] = {
    "number": "SECRET-7",
    "kind": "paid",
    "day": "2026-12-24",
    "screen_name": "today",
    "session_id": str(UUID(int=1)),
}
# For routes whose rows do not matter.
_ARGUMENTS = (
    "order_id comment_id notification_id delivery_id upload_id attachment_id link_id user_id invitation_id job_id passkey_id"
    " name"
)
ANY: dict[str, object] = dict.fromkeys(_ARGUMENTS.split(), 1) | TEXTS


@dataclass(frozen=True)
class SecretCompany:
    """The tenant, and the value of each argument of an address."""

    tenant: int
    values: dict[str, object]

    def path(self, rule: Rule) -> str:
        values = self.values | dict(rule.defaults or {})
        missing = rule.arguments - values.keys()
        assert not missing, f"{rule.endpoint} has new arguments without a value in route_data.py: {missing}"
        built = rule.build({name: values[name] for name in rule.arguments}, append_unknown=False)
        assert built is not None
        return built[1] + QUERIES.get(rule.endpoint, "")


def secret_company(service: Service, world: World, client: redis.Redis, relay: Relay) -> SecretCompany:
    tenant = world.tenant("secret-tenant", name="Secret Ltd")
    owner = world.user(tenant, "Secret Person")
    order = world.order(tenant, 777_77, number="SECRET-7", customer="Secret Customer", owner_id=owner)
    world.change(order, paid_at="now")
    comment = world.insert(
        "order_comments",
        {"tenant_id": tenant, "order_id": order, "user_id": owner, "written": "A secret comment"}
        | {"idempotency_key": "00000000-0000-4000-8000-000000000000"},
    )
    values = TEXTS | {"order_id": order, "comment_id": comment, "passkey_id": 1, "job_id": 1}
    values["user_id"] = world.user(tenant, "Cole Secret", role="viewer")
    invitation = {"tenant_id": tenant, "email": "secret@invited.example", "role": "sales", "token_hash": b"0" * 32}
    values["invitation_id"] = world.insert("invitations", invitation | {"expires_at": "2062-01-01"})
    values["notification_id"] = _one(world.conn, "SELECT id FROM notifications")
    relay.add("secret-hook", "https://hooks.example.com/secret", tenant_id=tenant)
    hook, event = relay.find("secret-hook"), world.events(tenant)[0]
    hold(relay.conn, hook, [event], "a secret reason")
    values |= {"name": "secret-hook", "delivery_id": deliver(relay.conn, hook, event, attempts=2, reason="secret")}
    uploads = Uploads(service, world.conn, client, tenant)
    values["upload_id"] = uploads.run(uploads.add(csv(BAD), name="secret.csv"), is_dry_run=True).id
    world.conn.execute(SHOP_ORDERS)
    shop = Shop(service, world.conn, tenant)
    shop.add(1, order_number="SECRET-8")
    shop.attach()
    values["attachment_id"] = _one(world.conn, "SELECT id FROM attachments")
    values["link_id"] = make_tv(world, tenant, name="Secret TV").id
    return SecretCompany(tenant, values)


def any_path(rule: Rule) -> str:
    """An address of the route that names nothing that exists."""
    return SecretCompany(0, ANY).path(rule)


def routes(app: Flask, methods: tuple[str, ...] = ("GET", "POST")) -> list[tuple[Rule, str]]:
    """Each route with each of its methods: the GETs first, then in the order of the table."""
    places = {endpoint: place for place, endpoint in enumerate(RULES)}
    found = [
        (rule, method) for rule in app.url_map.iter_rules() for method in methods if method in (rule.methods or ())
    ]
    return sorted(found, key=lambda route: (route[1] != "GET", places.get(route[0].endpoint, -1)))


def state(world: World) -> list[tuple[object, ...]]:
    """The rows of the company that a refused request could have changed."""
    found: list[tuple[object, ...]] = []
    for statement in (
        "SELECT id, status, owner_id, refunded_minor, shipped_at, updated_at FROM orders WHERE number = 'SECRET-7'",
        "SELECT id, read_at FROM notifications ORDER BY id",
        "SELECT id, order_id FROM order_comments",
        "SELECT name, state, state_at FROM relay_destinations",
        "SELECT id, state, options FROM uploads",
        "SELECT id FROM attachments",
        "SELECT id, name, token_hash, revoked_at FROM tv_links",
        "SELECT name, timezone, locale, working_days FROM tenants ORDER BY id",
    ):
        found += world.conn.execute(statement.encode()).fetchall()
    return found


def _one(conn: psycopg.Connection, statement: str) -> int:
    row = conn.execute(statement.encode()).fetchone()
    assert row is not None
    return int(row[0])
