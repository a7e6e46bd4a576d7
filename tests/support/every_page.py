"""Every page of Doorbell, with a company whose data fills it.

A page without parameters needs no entry: it is found by its route. A page with parameters has a line in EXAMPLES.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import redis
from flask import Flask

from webapp.invitations import store
from webapp.invitations.store import NewInvitation
from webapp.rollups.refresh import refresh
from webapp.tv import links, options

from ..accounts.route_rules import KNOWN_PUBLIC
from .attached import SHOP_ORDERS, Shop
from .browser import Person
from .relay import Relay, attempt, deliver, hold
from .uploads import BAD, GOOD, Uploads, csv
from .world import Service, World

ADMIN, SALES, SIGNED_OUT = "admin", "sales", "signed out"
# Routes with parameters: addresses, with the ids of `Company` in braces.
EXAMPLES = {
    "orders.show": ("/orders/S1", "/orders/S2"),
    "imports.show": ("/orders/import/{ready}", "/orders/import/{imported}"),
    "relay.show": ("/relay/stream", "/relay/hook"),
    "relay.delivery": ("/relay/hook/deliveries/{delivery}",),
    "users.show": ("/settings/users/{colleague}",),
    "invitation.show": ("/invitation/{invitation}", "/invitation/unknown"),
    "tv.page": ("/tv/{token}",),
    "tv_settings.edit": ("/settings/tv/{tv}",),
    "tv_settings.preview": ("/settings/tv/{tv}/preview",),
}
# The same route with other content, and pages of errors.
STATES = (
    "/orders?by=revenue&range=last_7&status=counted",
    "/orders?min=wrong",
    "/orders?q=nothing&owner=none",
    "/inbox?group=order",
    "/settings/privacy/subject?customer=Customer+1",
    "/settings/privacy/subject?user={colleague}",
    "/settings/users?q=nothing",
    "/no-such-page",
)
# Of a salesperson too, because they see other parts there, or an error.
SALESPERSONS = ("/", "/orders", "/orders/S1", "/inbox", "/relay")
# GET routes that answer with a fragment, a file, a figure or a redirect.
NOT_PAGES = {
    "audit_log.download",
    "auth.demo",
    "downloads.figures",
    "downloads.orders",
    "health.healthz",
    "health.readyz",
    "history.download",
    "imports.report",
    "installation.manifest",
    "metrics.metrics",
    "notification_settings.push_key",
    "password_reset.choose",
    "password_reset.open_link",
    "second_factor.app",
    "second_step.show",
    "service_worker.script",
    "settings.index",
    "static",
    "stream.stream",
    "tv.paid",
    "tv.screen",
    "tv.stream",
    "tv_settings.preview_paid",
    "tv_settings.preview_screen",
    "tv_settings.preview_stream",
}


@dataclass(frozen=True)
class SitePage:
    path: str
    role: str = ADMIN


@dataclass(frozen=True)
class Company:
    """A tenant with rows for every page: its users by role, and the ids in the addresses of EXAMPLES."""

    tenant: int
    users: dict[str, int]
    ids: dict[str, int | str]


def pages(app: Flask, company: Company) -> list[SitePage]:
    """Each page once as an admin, a public one signed out; some as a salesperson too.

    Raises KeyError for a route with parameters and without an example.
    """
    found = [SitePage(path, SALES) for path in SALESPERSONS]
    found += [SitePage("/no-such-page", SIGNED_OUT)]
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in NOT_PAGES or rule.endpoint.startswith("panels."):
            continue
        role = SIGNED_OUT if rule.endpoint in KNOWN_PUBLIC else ADMIN
        found += [SitePage(path, role) for path in (EXAMPLES[rule.endpoint] if rule.arguments else (rule.rule,))]
    found += [SitePage(path) for path in STATES]
    return [SitePage(page.path.format(**company.ids), page.role) for page in found]


def open_all(app: Flask, company: Company) -> None:
    for page in pages(app, company):
        Person(app, None if page.role == SIGNED_OUT else company.users[page.role]).get(page.path)


def company(app: Flask, service: Service, world: World, client: redis.Redis, relay: Relay) -> Company:
    tenant = world.tenant("acme", name="Acme")
    users = {
        ADMIN: world.user(tenant, "Mia Admin", role="admin"),
        SALES: world.user(tenant, "Ana Silva", role="sales"),
    }
    _orders(world.conn, tenant, users)
    uploads = Uploads(service, world.conn, client, tenant)
    ids: dict[str, int | str] = {
        "ready": uploads.add(csv(*GOOD, BAD)).id,
        "imported": uploads.run(uploads.add(csv(*GOOD, BAD))).id,
    }
    ids["delivery"] = _relay(relay, world, tenant)
    world.conn.execute(SHOP_ORDERS)
    shop = Shop(service, world.conn, tenant)
    shop.add(1, order_number="T1")
    shop.add(2, "-1", order_number="T2")
    shop.attach()
    with app.app_context():
        ids["tv"], ids["token"] = links.create(tenant, users[ADMIN], {**options.DEFAULTS, "name": "Sales floor"})
    ids |= _people(app, tenant, users[SALES])
    refresh(service.database_url)
    return Company(tenant, users, ids)


def _orders(conn: psycopg.Connection, tenant: int, users: dict[str, int]) -> None:
    """Forty orders with items, one dated in the future; comments, notifications, targets and a holiday."""
    values = {"t": tenant, "ana": users[SALES], "mia": users[ADMIN]}
    conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, owner_id, currency, total_minor, placed_at, paid_at)"
        " SELECT %(t)s, 'S' || n, 'Customer ' || n %% 7, CASE n %% 3 WHEN 0 THEN %(ana)s WHEN 1 THEN %(mia)s END, 'EUR',"
        "   n * 12345, at, CASE WHEN n %% 3 > 0 THEN at END FROM generate_series(1, 40) AS n,"
        "   LATERAL (SELECT now() - n %% 2 * interval '1 day' - n * interval '1 second' AS at) AS moment",
        values,
    )
    for statement in (
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, placed_at)"
        " VALUES (%(t)s, 'FUTURE', 'Hotel Adler', 'EUR', 100, '2062-11-26')",
        "INSERT INTO order_lines (tenant_id, order_id, position, sku, product, quantity, unit_price_minor, total_minor)"
        " SELECT tenant_id, id, 1, 'B-1', 'Beeswax candle', 2, total_minor / 2, total_minor FROM orders"
        " WHERE tenant_id = %(t)s",
        "UPDATE orders SET refunded_minor = 100 WHERE tenant_id = %(t)s AND number = 'S1'",
        "UPDATE orders SET shipped_at = now() WHERE tenant_id = %(t)s AND number = 'S2'",
        "INSERT INTO sales_targets (tenant_id, period, amount_minor) VALUES (%(t)s, 'day', 100000)",
        "INSERT INTO holidays (tenant_id, day, name) VALUES (%(t)s, '2062-12-25', 'Christmas')",
    ):
        conn.execute(statement.encode(), values)


def _people(app: Flask, tenant: int, colleague: int) -> dict[str, int | str]:
    """A user for the page of a user, and an open invitation."""
    with app.app_context():
        made = store.create(tenant, NewInvitation("zoe@example.com", "sales", "Zoë Ångström"), days=7)
    return {"colleague": colleague, "invitation": made.token}


def _relay(relay: Relay, world: World, tenant: int) -> int:
    """A stream with a dead letter, and a webhook with a failed delivery, whose id is returned."""
    relay.add(tenant_id=tenant)
    relay.add("hook", "https://hooks.example.com/doorbell", tenant_id=tenant)
    events = world.events(tenant)
    hold(relay.conn, relay.find(), events[-1:], "the message has 1,200,345 bytes; 1,048,576 are accepted")
    delivery = deliver(relay.conn, relay.find("hook"), events[0], attempts=2, reason="answered 503")
    attempt(relay.conn, delivery, error="no answer in 15 seconds", milliseconds=15000)
    attempt(relay.conn, delivery, status=503, answer="busy")
    return delivery
