"""A role that is taken away, on a real web server: streams end, pages and writes are refused, and a new sign-in has less."""

from __future__ import annotations

from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from bs4 import BeautifulSoup

from webapp.accounts import passwords

from ..support.processes import Doorbell, get
from ..support.sse import EventStream
from ..support.world import World
from .test_leavers import EMAIL, PASSWORD, sign_in_at


@pytest.fixture
def manager(world: World) -> int:
    tenant = world.tenant("demo")
    world.order(tenant, number="A1")
    return world.user(tenant, email=EMAIL, role="manager", password_hash=passwords.hash_password(PASSWORD))


def post(url: str, cookie: str) -> tuple[int, str]:
    """Status and final address of a payment of A1 with the form of the profile's token."""
    page = BeautifulSoup(urlopen(Request(f"{url}/settings/profile", headers={"Cookie": cookie})).read(), "html.parser")  # noqa: S310 - ours
    token = page.select_one("input[name=csrf_token]")
    assert token is not None
    form = urlencode({"csrf_token": str(token["value"])}).encode()
    try:
        with urlopen(Request(f"{url}/orders/A1/payment", form, {"Cookie": cookie}), timeout=10) as answer:  # noqa: S310 - ours
            return answer.status, answer.url.removeprefix(url)
    except HTTPError as refused:
        return refused.code, refused.url.removeprefix(url)


def test_a_manager_who_becomes_a_viewer_by_sql_is_signed_out_within_seconds_and_then_only_reads(
    doorbell: Doorbell, world: World, manager: int
) -> None:
    doorbell.start_web()
    cookie = sign_in_at(doorbell.url, PASSWORD)
    assert get(f"{doorbell.url}/orders/import", cookie) == 200
    stream = EventStream(f"{doorbell.url}/stream", cookie)
    assert stream.until("hello")
    world.conn.execute("UPDATE users SET role = 'viewer' WHERE id = %s", [manager])
    while stream.next() is not None:
        pass
    assert [get(doorbell.url + path, cookie) for path in ("/panels/revenue", "/stream")] == [401, 401]
    again = sign_in_at(doorbell.url, PASSWORD)
    paths = ("/", "/orders/A1", "/orders/new", "/orders/import", "/panels/uploads", "/relay")
    assert [get(doorbell.url + path, again) for path in paths] == [200, 200, 403, 403, 403, 403]
    assert post(doorbell.url, again) == (403, "/orders/A1/payment")
    assert world.conn.execute("SELECT status FROM orders").fetchone() == ("placed",)
