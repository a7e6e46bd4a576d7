"""The limits of changes and searches per minute, of a user and of a tenant."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp.rate_limit.requests import MAX_REQUESTS, RequestKind, Scope
from webapp.services import services

from ..support.browser import Person, soup
from ..support.world import World

CHANGES, SEARCHES = MAX_REQUESTS[RequestKind.CHANGE, Scope.USER], MAX_REQUESTS[RequestKind.SEARCH, Scope.USER]


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant()


@pytest.fixture
def ana(world: World, tenant: int) -> int:
    return world.user(tenant)


def use_up(app: Flask, kind: RequestKind, tenant_id: int, user_id: int, count: int) -> None:
    limits = services(app).request_limits
    for _ in range(count):
        assert limits.count(kind, tenant_id, user_id) is None


def test_a_change_beyond_the_limit_of_a_user_is_refused_and_changes_nothing(
    app: Flask, world: World, tenant: int, ana: int
) -> None:
    world.order(tenant, number="7", owner_id=ana)
    colleague = Person(app, world.user(tenant, "Ben Okafor", role="manager"))
    use_up(app, RequestKind.CHANGE, tenant, ana, CHANGES)
    response = Person(app, ana).post("/orders/7/payment")
    assert response.status_code == 429
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    text = soup(response).get_text(" ")
    assert f"You made {CHANGES} changes within a minute." in text
    assert "Nothing was changed." in text
    assert world.conn.execute("SELECT paid_at FROM orders").fetchone() == (None,)
    assert colleague.post("/orders/7/payment").status_code == 303
    assert Person(app, ana).get("/orders/7").status_code == 200


def test_signing_out_is_never_refused(app: Flask, tenant: int, ana: int) -> None:
    person = Person(app, ana)
    token = person.csrf_token()
    use_up(app, RequestKind.CHANGE, tenant, ana, CHANGES)
    assert person.client.post("/sign-out", data={"csrf_token": token}).status_code == 303
    assert person.get("/orders").status_code == 303


def test_a_search_beyond_the_limit_is_refused_and_the_list_without_one_is_not(
    app: Flask, tenant: int, ana: int
) -> None:
    use_up(app, RequestKind.SEARCH, tenant, ana, SEARCHES)
    for path in ("/orders?q=hanari", "/panels/orders?q=hanari"):
        response = Person(app, ana).get(path)
        assert response.status_code == 429
        assert f"You searched {SEARCHES} times within a minute." in soup(response).get_text()
        assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert Person(app, ana).get("/orders").status_code == 200


@pytest.mark.parametrize("kind", RequestKind)
def test_the_limit_of_a_tenant_stops_its_users_and_no_other_tenant(app: Flask, world: World, kind: RequestKind) -> None:
    limits, most = services(app).request_limits, MAX_REQUESTS[kind, Scope.TENANT]
    for n in range(most):
        assert limits.count(kind, 1, n) is None
    refusal = limits.count(kind, 1, most)
    assert refusal is not None
    assert (refusal.scope, refusal.most) == (Scope.TENANT, most)
    assert limits.count(kind, 2, most + 1) is None


def test_what_is_over_the_limit_of_a_user_does_not_count_for_the_tenant(app: Flask) -> None:
    limits = services(app).request_limits
    for _ in range(MAX_REQUESTS[RequestKind.CHANGE, Scope.TENANT] + 1):
        limits.count(RequestKind.CHANGE, 1, 7)
    assert limits.count(RequestKind.CHANGE, 1, 8) is None


@pytest.mark.parametrize(
    "path", ["/orders.csv", "/orders.csv?q=hanari", "/figures.csv", "/history.csv", "/settings/audit-log/entries.csv"]
)
def test_a_download_counts_as_a_change_because_it_writes_an_entry(
    app: Flask, world: World, tenant: int, path: str
) -> None:
    ada = world.user(tenant, "Ada Admin", role="admin")
    person = Person(app, ada)
    answer = person.get(path)
    assert answer.status_code == 200
    answer.close()
    use_up(app, RequestKind.CHANGE, tenant, ada, CHANGES - 1)
    response = person.get(path)
    assert (response.status_code, 1 <= int(response.headers["Retry-After"]) <= 60) == (429, True)
    assert "Wait a little, then try again." in soup(response).get_text()
    assert world.conn.execute("SELECT count(*) FROM audit_log").fetchone() == (1,)


@pytest.mark.parametrize(
    "path",
    [
        "/settings/privacy/subject?customer=Erika",
        "/settings/privacy?months=24",
        "/settings/audit-log?subject=10",
        "/settings/users?q=ana",
        "/panels/users?q=ana",
    ],
)
def test_each_page_that_searches_is_limited(app: Flask, world: World, tenant: int, path: str) -> None:
    ada = world.user(tenant, "Ada Admin", role="admin")
    person = Person(app, ada)
    assert person.get(path).status_code == 200
    use_up(app, RequestKind.SEARCH, tenant, ada, SEARCHES - 1)
    response = person.get(path)
    assert response.status_code == 429
    assert f"You searched {SEARCHES} times within a minute." in soup(response).get_text()
    assert person.get(path.partition("?")[0].removesuffix("/subject")).status_code == 200
