"""One process serves tenants with different locales, and no page shows a text of another tenant's locale."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import flask
import pytest
import redis
from flask import Flask
from jinja2 import nodes
from jinja2.filters import FILTERS as JINJAS_OWN
from jinja2.meta import find_referenced_templates

from webapp import create_app
from webapp.panels.registry import PANELS
from webapp.relay import verbs
from webapp.relay.secrets import SecretBox
from webapp.relay.verbs import NewDestination
from webapp.tv.screens import SCREENS
from webapp.uploads import jobs, store

from ..conftest import config_for
from ..support import every_page
from ..support.browser import Person, broken_view
from ..support.every_page import Company
from ..support.processes import SECRET
from ..support.relay import ACTOR, OWN_STREAM, Relay, attempt, deliver, hold
from ..support.sign_in_states import walk_single_sign_on, walk_two_step
from ..support.tvs import make_tv
from ..support.world import Service, World

TEMPLATES = Path(__file__).parents[2] / "webapp" / "templates"
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
AT = "2026-11-20 09:30+00"  # fixed, so independent of the day

# The parts that differ between two responses for the same tenant.
CHANGING = (
    r'(?<=csrf_token" value=")[^"]*|(?<=csrf-token" content=")[^"]*|(?<=csrf_token" type="hidden" value=")[^"]*',
    r'(?<=name="idempotency_key" type="hidden" value=")[^"]*',
    r'(?<=data-now=")\d+|(?<=data-since=")\d+|(?<=data-seen=")[\d:,]+|(?<=toast-away-)[\d:,]+|(?<=since=)\d+',
    r'(?<=as-of-time">)[^<]*|(?<=page-as-of">)[^<]*|(?<=data-as-of=")[^"]*',
    # The present time of a zone and of a sample, and when a TV was seen last.
    r"(?<= · )[^·<]{1,14}(?= \(UTC)|(?<=<dd>)\d{1,2}:\d{2}[^<]{0,6}(?=</dd>)",
    r'(?<=tv-link-seen )is-\w+"><span class="tv-link-dot" aria-hidden="true"></span>[^<]*',
)

UPLOADED = b"number,customer,placed_at,total\nA-1,Toms,2026-11-02 14:30,1234.50\n"
# A page that counts what was sent in the last minute shows the same however long the test takes.
PAST_LAST_MINUTE = timedelta(minutes=2)


def addresses(tenant_order: int, new_items: str) -> list[str]:
    pages = [
        "/",
        "/orders",
        "/orders?q=nothing",
        "/orders/NR~2F1",
        "/orders/new",
        "/history?compare=none",
        "/history?group=owner&range=today&compare=none",
        "/inbox",
        "/notifications",
        "/no-such-page",
        "/sign-in",
        "/connect",
        "/attached",
        "/targets",
        "/settings/board",
        "/settings/profile",
        "/settings/workspace",
        "/settings/tv",
        "/settings/tv/new",
        "/settings/security/two-step",
        "/settings/sign-in",
        "/settings/sign-in/single-sign-on",
        "/settings/users/new",
        "/settings/privacy",
        "/offline?lang=en",
    ]
    parts = [f"/panels/{name}" for name in (*PANELS, "inbox", "today")]
    parts += [f"/panels/recent_orders/{tenant_order}", f"/panels/orders/{tenant_order}", "/panels/orders/999999"]
    parts += ["/panels/orders", f"/panels/orders/rows?ids={tenant_order}&since=0", "/panels/inbox/page", new_items]
    parts += ["/panels/history/page?range=yesterday"]
    return pages + parts


def relay_addresses(world: World, tenant: int, slug: str, order: int) -> list[str]:
    """The relay's pages of two destinations, with a dead letter and a delivery."""
    stream, hook = (
        verbs.add(world.conn, SecretBox([SECRET]), NewDestination(f"{slug}-{kind}", url, tenant), ACTOR)
        for kind, url in (("stream", OWN_STREAM), ("hook", "https://hooks.example.com"))
    )
    events = [event for event in world.events(tenant) if event["order_id"] == order]
    hold(world.conn, stream, events, "too large")
    delivery = deliver(
        world.conn, hook, events[0], state="delivered", attempts=1, done_at=world.now() - PAST_LAST_MINUTE
    )
    attempt(world.conn, delivery, status=200, answer="fine")
    pages = [f"/{slug}-stream", f"/{slug}-hook", f"/{slug}-hook/deliveries/{delivery}"]
    return ["/relay", *(f"/relay{page}" for page in pages), "/panels/relay/destinations/gone"]


def import_addresses(world: World, tenant: int) -> list[str]:
    """The pages of imports: one upload with its preview, one that waits for the worker."""
    shown, waiting = (store.create(world.conn, tenant, f"{name}.csv", "Ana Silva") for name in ("shown", "waiting"))
    for upload in (shown, waiting):
        store.append(world.conn, upload, 0, UPLOADED)
        store.complete(world.conn, upload, len(UPLOADED))
    complete = store.find(world.conn, tenant, waiting.id)
    assert complete is not None
    assert jobs.enqueue(world.conn, complete, is_dry_run=True)
    pages = ["", f"/{shown.id}", f"/{waiting.id}"]
    parts = [f"/panels/uploads/{upload.id}/setup" for upload in (shown, waiting)]
    return [*(f"/orders/import{page}" for page in pages), *parts, "/panels/uploads/999999"]


def tv_addresses(world: World, tenant: int) -> list[str]:
    """A TV's page, its screens, the orders that it celebrates, and the page of an unknown link."""
    tv = make_tv(world, tenant)
    return [tv.path, *(f"{tv.path}/screens/{name}" for name in SCREENS), f"{tv.path}/paid?seen=3:3:", "/tv/unknown"]


def make(world: World, slug: str, **columns: str) -> tuple[int, list[str]]:
    """A tenant with data for every template. Returns its user and the URLs that the user opens."""
    tenant = world.tenant(slug, **columns)
    user = world.user(tenant, "Ana Silva", role="admin")
    money = {"currency": columns["currency"], "owner_id": user}
    order = world.order(tenant, 1_234_567, number="NR/1", placed_at=AT, **money)
    world.change(order, paid_at=AT)
    world.change(order, refunded_minor=4500, shipped_at=AT)
    world.conn.execute(
        "INSERT INTO order_lines (tenant_id, order_id, position, product, quantity, unit_price_minor, total_minor)"
        " VALUES (%s, %s, 1, 'Chai', 1.25, 9876500, 1234567)",
        [tenant, order],
    )
    world.order(tenant, 99_999, number="FUTURE", placed_at="2062-11-26 12:00+00", **money)
    world.order(tenant, 55_555, number="TODAY", paid_at=world.now(), **money)
    world.conn.execute("INSERT INTO rollups_daily VALUES (%s, current_date, %s, 1, 1, 654321)", [tenant, user])
    world.conn.execute("UPDATE order_events SET recorded_at = recorded_at, occurred_at = %s", [AT])
    pages = addresses(order, "/panels/inbox/new-items?seen=3:3:")
    pages += relay_addresses(world, tenant, slug, order) + import_addresses(world, tenant)
    return user, pages + tv_addresses(world, tenant)


@pytest.fixture
def tenants(world: World) -> dict[str, tuple[int, list[str]]]:
    return {
        "berlin": make(world, "berlin", timezone="Europe/Berlin", currency="EUR", locale="de_DE"),
        "kolkata": make(world, "kolkata", timezone="Asia/Kolkata", currency="INR", locale="en_IN"),
        "tokyo": make(world, "tokyo", timezone="Asia/Tokyo", currency="JPY", locale="ja_JP"),
    }


def shown(app: Flask, user: int, paths: list[str]) -> dict[str, str]:
    person, found = Person(app, user), {}
    for path in paths:
        text = person.get(path).text
        for pattern in CHANGING:
            text = re.sub(pattern, "…", text)
        found[path] = text
    return found


@pytest.fixture
def rendered() -> Iterator[set[str]]:
    """The names of the templates that were rendered."""
    names: set[str] = set()

    def record(_app: Flask, template: Any, **_: object) -> None:
        names.add(template.name)

    with flask.template_rendered.connected_to(record):
        yield names


@pytest.mark.parametrize("order", [("berlin", "kolkata", "tokyo"), ("tokyo", "kolkata", "berlin")])
def test_each_page_equals_the_page_of_a_process_of_its_own(
    service: Service, tenants: dict[str, tuple[int, list[str]]], order: tuple[str, ...]
) -> None:
    together = create_app(config_for(service))
    answers = {name: shown(together, *tenants[name]) for name in order}
    for name in order:
        alone = shown(create_app(config_for(service)), *tenants[name])
        for path, text in answers[name].items():
            assert text == alone[path], f"{name} {path}"
    assert len({answers[name]["/orders/new"] for name in order}) == len(order), "guard: the tenants differ"


@pytest.fixture
def company(app: Flask, service: Service, world: World, redis_client: redis.Redis, relay: Relay) -> Company:
    return every_page.company(app, service, world, redis_client, relay)


def test_these_pages_render_every_template(
    app: Flask,
    service: Service,
    world: World,
    company: Company,  # before the tenants, because it runs all jobs that wait
    tenants: dict[str, tuple[int, list[str]]],
    rendered: set[str],
) -> None:
    every_page.open_all(app, company)
    walk_two_step(app, world, company.tenant)
    walk_single_sign_on(create_app(config_for(service, WEBHOOK_ALLOW="127.0.0.0/8")), world, company.tenant)
    user, paths = tenants["berlin"]
    (row,) = world.conn.execute("SELECT tenant_id FROM users WHERE id = %s", [user]).fetchall()
    world.order(row[0], 77_777, number="CELEBRATED", owner_id=user, paid_at=world.now())
    shown(app, user, paths)
    shown(app, 0, ["/sign-in"])
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.view_functions["orders.index"] = broken_view
    shown(app, user, ["/orders"])
    reached: set[str] = set()
    waiting = set(rendered) | {"bare.html", "base.html"}  # pages/error.html extends them by a variable
    while waiting:
        name = waiting.pop()
        reached.add(name)
        source = app.jinja_env.loader.get_source(app.jinja_env, name)[0]  # type: ignore[union-attr]
        waiting |= {str(other) for other in find_referenced_templates(app.jinja_env.parse(source)) if other} - reached
    assert reached == set(NAMES)


def test_no_filter_of_doorbell_is_called_while_a_template_is_compiled(app: Flask) -> None:
    """Jinja evaluates a filter on a constant once, at compile time, unless the filter takes the context."""
    own = {name: text for name, text in app.jinja_env.filters.items() if name not in JINJAS_OWN}
    assert {"money", "amount", "quantity", "moment"} <= own.keys()
    for name, text in own.items():
        assert getattr(text, "jinja_pass_arg", None) is not None, f"wrap {name} in filters.per_render"


@pytest.mark.parametrize("name", NAMES)
def test_no_use_of_a_filter_is_folded_to_a_constant(app: Flask, name: str) -> None:
    source = (TEMPLATES / name).read_text()
    for node in app.jinja_env.parse(source).find_all(nodes.Filter):
        if node.name in JINJAS_OWN:
            continue
        with pytest.raises(nodes.Impossible):
            node.as_const(nodes.EvalContext(app.jinja_env, name))


def test_a_filter_without_the_context_is_folded_to_a_constant(app: Flask) -> None:
    app.jinja_env.filters["plain"] = str
    (found,) = app.jinja_env.parse("{{ 123450 | plain }}").find_all(nodes.Filter)
    assert found.as_const(nodes.EvalContext(app.jinja_env, "x")) == "123450"
