"""Two users of a tenant, one in German and one in English, on the same panels of a real server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.request import Request, urlopen

import redis

from webapp.signals import publisher

from ..support.processes import Doorbell
from ..support.world import World

PATHS = (
    "/panels/revenue",
    "/panels/recent_orders",
    "/panels/orders",
    "/panels?names=revenue,recent_orders",
    "/orders",
    "/",
)


def read(doorbell: Doorbell, path: str, cookie: str, accepts: str) -> str:
    request = Request(doorbell.url + path, headers={"Cookie": cookie, "Accept-Language": accepts})  # noqa: S310 - ours
    with urlopen(request, timeout=20) as response:  # noqa: S310 - ours
        found: str = response.read().decode().replace("\N{NO-BREAK SPACE}", " ")
        return found


def test_two_users_of_one_tenant_never_receive_each_others_language(
    doorbell: Doorbell, world: World, redis_client: redis.Redis
) -> None:
    tenant = world.tenant(locale="de_DE")
    ana, ben = world.user(tenant), world.user(tenant, "Ben Okafor", language="en")
    total = 100_000_00
    world.order(tenant, total, paid_at=world.now())
    publisher.publish(redis_client, tenant, {"placed": None})
    doorbell.start_web()
    readers = [
        (doorbell.cookie(ana), "de-DE,de;q=0.9", "de_DE"),
        (doorbell.cookie(ana), "en-GB", "en"),
        (doorbell.cookie(ben), "de-DE,de;q=0.9", "en"),
    ]
    texts = {"de_DE": "{}.000,00 €", "en": "{},000.00 €"}

    def check(n: int) -> None:
        cookie, accepts, locale = readers[n % len(readers)]
        path = PATHS[n // len(readers) % len(PATHS)]
        page = read(doorbell, path, cookie, accepts)
        other = "en" if locale == "de_DE" else "de_DE"
        assert texts[locale].format("100") in page, (path, locale)
        assert texts[other].format("100") not in page, (path, locale)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(check, range(120)))
        for _ in range(3):
            # Each signal makes the server render all of it again.
            publisher.publish(redis_client, tenant, {"placed": None})
            list(pool.map(check, range(60)))
