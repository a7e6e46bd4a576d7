"""Limits on searches: how many run at once, how long one may take, and what a full pool is called."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask

from webapp.concurrency.search_limit import MAX_TENANT_SEARCHES, MAX_USER_SEARCHES, SearchLimit
from webapp.concurrency.slots import NoSlot
from webapp.queries import order_search

from ..support.app_services import replace_services
from ..support.browser import Person, soup
from ..support.world import Service, World


@contextlib.contextmanager
def slots(limit: SearchLimit, *holders: tuple[int, int]) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for tenant_id, user_id in holders:
            stack.enter_context(limit.slot(tenant_id, user_id))
        yield


@pytest.mark.parametrize(
    ("running", "scope"),
    [([(1, 7)] * MAX_USER_SEARCHES, "user"), ([(1, user) for user in range(MAX_TENANT_SEARCHES)], "tenant")],
)
def test_a_search_over_the_limit_of_a_user_or_a_tenant_is_refused(running: list[tuple[int, int]], scope: str) -> None:
    limit = SearchLimit(wait_seconds=0.01)
    with slots(limit, *running):
        with pytest.raises(NoSlot) as refused, limit.slot(1, 7):
            pass
        assert refused.value.scope == scope
        with limit.slot(2, 99):  # another tenant
            pass
    with limit.slot(1, 7):
        pass


def test_a_waiting_search_gets_the_slot_of_one_that_ends() -> None:
    limit, searched = SearchLimit(wait_seconds=20), threading.Event()

    def search() -> None:
        with limit.slot(1, 7):
            searched.set()

    with slots(limit, *[(1, 7)] * MAX_USER_SEARCHES):
        waiting = threading.Thread(target=search)
        waiting.start()
        assert not searched.is_set()
    waiting.join(20)
    assert searched.is_set()


def test_a_search_that_raises_frees_its_slot() -> None:
    limit = SearchLimit(wait_seconds=0.01)
    for _ in range(MAX_USER_SEARCHES + 1):
        with contextlib.suppress(ZeroDivisionError), limit.slot(1, 7):
            raise ZeroDivisionError


@pytest.fixture
def ana(app: Flask, world: World) -> Person:
    return Person(app, world.user(world.tenant()))


SLOW = """
CREATE OR REPLACE FUNCTION order_search_words(number text, customer text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN PERFORM pg_sleep(20); RETURN ''; END $$"""


def test_a_slow_search_is_stopped_with_advice(
    ana: Person, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(order_search, "MAX_SECONDS", 0.2)
    world.conn.execute(SLOW)
    response = ana.get("/orders?q=hanari&status=paid")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "3")
    page = soup(response)
    assert "Add a word" in page.select_one("[role=alert]").get_text()  # type: ignore[union-attr]
    assert page.select_one("#q")["value"] == "hanari"  # type: ignore[index]
    assert "postgresql is away" not in caplog.text
    assert ana.get("/orders?status=paid").status_code == 200


def test_only_the_third_search_of_a_user_is_refused(app: Flask, ana: Person, world: World) -> None:
    limit = SearchLimit(wait_seconds=0.05)
    replace_services(app, searches=limit)
    tenant_id, user_id = world.conn.execute("SELECT tenant_id, id FROM users").fetchone() or (0, 0)
    other = Person(app, world.user(world.tenant("other"), "Ben Okafor"))
    with slots(limit, *[(tenant_id, user_id)] * MAX_USER_SEARCHES):
        response = ana.get("/orders?q=hanari")
        assert (response.status_code, response.headers["Retry-After"]) == (429, "3")
        assert "2 of your searches are still running" in response.text
        assert ana.get("/orders").status_code == 200, "the list itself is not a search"
        assert other.get("/orders?q=hanari").status_code == 200
    assert ana.get("/orders?q=hanari").status_code == 200


def test_a_full_pool_is_not_logged_as_postgresql_away(
    app: Flask, ana: Person, caplog: pytest.LogCaptureFixture
) -> None:
    with app.app_context():
        engine = app.extensions["sqlalchemy"].engine
    engine.pool._timeout = 0.05
    ana.get("/orders")
    with contextlib.ExitStack() as held:
        for _ in range(engine.pool.size() + engine.pool._max_overflow):
            held.enter_context(engine.connect())
        response = ana.get("/orders")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
        assert "Doorbell is busy" in response.text
    assert "connection pool is full" in caplog.text
    assert "postgresql is away" not in caplog.text
    assert ana.get("/orders").status_code == 200


def test_a_lock_timeout_is_not_logged_as_postgresql_away(
    ana: Person, world: World, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    world.order(1, number="7")
    world.conn.execute("UPDATE orders SET owner_id = (SELECT id FROM users)")
    with psycopg.connect(service.database_url) as conn:
        conn.execute("SELECT FROM orders WHERE number = '7' FOR UPDATE")
        response = ana.post("/orders/7/payment")
    assert response.status_code == 503
    assert "took too long" in response.text
    assert "postgresql is away" not in caplog.text
    assert ana.post("/orders/7/payment").status_code == 303


@pytest.mark.parametrize("owner", ["x", "-1", "1.5", "9" * 19, "١"])
def test_an_invalid_salesperson_in_the_url_is_refused(ana: Person, owner: str) -> None:
    assert ana.get("/orders", query_string={"owner": owner}).status_code == 400


def test_the_url_filters_all_pages_by_salesperson_and_status(app: Flask, ana: Person, world: World) -> None:
    ben = world.user(1, "Ben Okafor")
    for n in range(60):
        world.order(1, number=f"B{n}", owner_id=ben, paid_at="2026-01-01")
        world.order(1, number=f"N{n}", paid_at="2026-01-01")
    page = ana.page(f"/orders?owner={ben}&status=paid&q=toms")
    chosen = [option["value"] for option in page.select("option[selected]")]
    older = page.select_one("a[rel=next]")
    assert (chosen, older is not None) == (["paid", str(ben)], True)
    numbers = [a.get_text() for a in page.select("tbody a")]
    numbers += [a.get_text() for a in ana.page(str(older["href"])).select("tbody a")]  # type: ignore[index]
    assert numbers == [f"B{n}" for n in reversed(range(60))]
