"""The panel of a user's own figures: one read for the whole team, and an own fragment per user."""

from __future__ import annotations

import re

import pytest
import redis
from flask import Flask

from webapp.observability.metrics import web as metrics
from webapp.panels.personal import PersonalRenders, SharedData
from webapp.signals import publisher

from ..support.browser import Person
from ..support.metrics import metric_value
from ..support.panels import counted
from ..support.renders import NOON, small_render
from ..support.world import World

pytestmark = pytest.mark.usefixtures("long_minutes")
VIEWERS = 12


def painted() -> float:
    return metric_value(metrics.PERSONAL_FRAGMENTS)


def own(person: Person) -> int:
    """The user's revenue on the panel, in minor units."""
    found = re.search(r'id="mine-revenue"[^>]* data-version="(-?\d+)"', person.get("/panels/mine").text)
    assert found
    return int(found[1])


@pytest.fixture
def team(app: Flask, world: World, tenant: int) -> dict[int, Person]:
    ids = [world.user(tenant, f"Person{n} Silva") for n in range(VIEWERS)]
    return {user_id: Person(app, user_id) for user_id in ids}


def test_each_user_sees_own_figures_and_no_others(world: World, tenant: int, team: dict[int, Person]) -> None:
    for n, user_id in enumerate(team):
        world.order(
            tenant, 100 + n, owner_id=user_id, number=f"own-{user_id}", placed_at=world.now(), paid_at=world.now()
        )
    for n, (user_id, person) in enumerate(team.items()):
        for _ in ("painted", "from memory"):
            assert own(person) == 100 + n
            text = person.get("/panels/mine").text
            assert re.findall(r"own-(\d+)</a>", text) == [str(user_id)]


def test_a_signal_costs_one_read_and_a_fragment_per_user_whose_figures_changed(
    world: World, redis_client: redis.Redis, tenant: int, team: dict[int, Person]
) -> None:
    first, *_ = team
    for person in team.values():
        own(person)
    for _ in range(3):
        world.order(tenant, 500, owner_id=first, placed_at=world.now(), paid_at=world.now(), shipped_at=world.now())
        publisher.publish(redis_client, tenant, {"orders": None, "revenue": None})
        before, fragments = counted("query"), painted()
        for person in team.values():
            person.get("/panels/mine")
            person.get("/panels?names=mine")
        assert counted("query") - before == 1
        assert painted() - fragments == 1
    assert own(team[first]) == 1500


def test_unchanged_figures_are_answered_304_with_the_time_of_the_new_read(
    redis_client: redis.Redis, tenant: int, team: dict[int, Person]
) -> None:
    person = next(iter(team.values()))
    etag = person.get("/panels/mine").headers["ETag"]
    before = counted("query")
    publisher.publish(redis_client, tenant, {"revenue": None})
    again = person.get("/panels/mine", headers={"If-None-Match": etag})
    assert (again.status_code, counted("query") - before) == (304, 1)
    assert again.headers["Doorbell-As-Of"]


def test_a_batch_has_the_users_own_fragment_among_shared_panels(
    world: World, tenant: int, team: dict[int, Person]
) -> None:
    (ana_id, ana), (_ben_id, ben), *_ = team.items()
    world.order(tenant, 700, owner_id=ana_id, placed_at=world.now(), paid_at=world.now())
    for _ in ("painted", "from memory"):
        for person, amount in ((ana, 700), (ben, 0)):
            body = person.get("/panels?names=revenue,mine").text
            assert f'id="mine-revenue" data-version="{amount}"' in re.sub(r'class="[^"]*" ', "", body)
            assert 'id="revenue-figure" data-version="700"' in re.sub(r'class="[^"]*" ', "", body)


def test_without_redis_each_user_still_sees_own_figures(
    world: World, redis_client: redis.Redis, tenant: int, team: dict[int, Person]
) -> None:
    redis_client.flushall()
    for n, user_id in enumerate(team):
        world.order(tenant, 10 + n, owner_id=user_id, placed_at=world.now(), paid_at=world.now())
    assert [own(person) for person in team.values()] == [10 + n for n in range(VIEWERS)]


class Numbers(dict[int, int]):
    def of(self, user_id: int) -> int:
        return self[user_id]


def test_fragments_are_kept_up_to_a_number_of_bytes() -> None:
    kept = PersonalRenders(max_bytes=10_000)
    shared = SharedData(small_render().html, b"", "", NOON, "12:00", Numbers({n: n for n in range(100)}))
    for user_id in range(100):
        kept.get("mine", user_id, shared, lambda _own: small_render(500))
    found = [user_id for user_id in range(100) if kept.find("mine", user_id, shared)]
    assert found == list(range(95, 100)), "the newest ones"
