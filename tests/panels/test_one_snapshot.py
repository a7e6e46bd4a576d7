"""The figures of one response never contradict each other, while orders are placed, paid and refunded."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
import redis
from flask import Flask

from webapp import redis_client
from webapp.panels import snapshot
from webapp.panels.groups import FIGURES, GROUPS
from webapp.signals import publisher

from ..support.browser import Person
from ..support.figure_writers import FigureWriters, figure_writers
from ..support.figures import tenant as read_tenant
from ..support.shown_figures import shown_figures
from ..support.viewers import at_once
from ..support.world import Service, World

NAMES = ",".join(panel.name for panel in GROUPS[FIGURES].panels)
RESPONSES = 40


@pytest.fixture
def writers(world: World, tenant: int, service: Service) -> Iterator[FigureWriters]:
    owners = [world.user(tenant, name) for name in ("Ben Okafor", "Carla Gómez", "Dmitri Volkov")]
    order = world.order(tenant, 5000, paid_at=world.now(), owner_id=owners[0])
    world.change(order, refunded_minor=100)
    with figure_writers(service, tenant, owners) as running:
        yield running


def signal(client: redis.Redis, tenant: int) -> None:
    publisher.publish(client, tenant, {"orders": None, "revenue": None, "placed": None})


@pytest.mark.parametrize("path", ["/", f"/panels?names={NAMES}"])
def test_the_figures_of_each_response_agree(
    ana: Person, redis_client: redis.Redis, tenant: int, writers: FigureWriters, path: str
) -> None:
    seen = set()
    for _ in range(RESPONSES):
        signal(redis_client, tenant)
        response = ana.get(path)
        assert response.status_code == 200
        shown = shown_figures(response.text)
        assert shown.contradictions == []
        seen.add(shown)
    assert len(seen) > RESPONSES / 2, "guard: the figures changed between the responses"


def test_the_figures_of_a_crowds_batches_and_of_single_panels_agree(
    app: Flask, service: Service, tenant: int, world: World, writers: FigureWriters
) -> None:
    people = [Person(app, world.user(tenant, f"U{n} Name")) for n in range(4)]

    def watch(person: Person) -> list[str]:
        found = []
        with redis_client.connect(service.redis_url) as client:
            for _ in range(RESPONSES // 2):
                signal(client, tenant)
                # Alone first: the batch may then have renders of the panel's job.
                person.get("/panels/revenue")
                found += shown_figures(person.get(f"/panels?names={NAMES}").text).contradictions
        return found

    with at_once([lambda person=person: watch(person) for person in people]) as answers:
        pass
    assert [answer.result() for answer in answers] == [[], [], [], []]


@pytest.mark.usefixtures("long_minutes")
def test_all_figures_have_one_moment_and_a_single_panel_is_of_the_same_render(ana: Person) -> None:
    batch = ana.get(f"/panels?names={NAMES}")
    alone = ana.get("/panels/salespeople")
    assert alone.text in batch.text
    assert alone.headers["Doorbell-As-Of"] == batch.headers["Doorbell-As-Of"]


def test_a_failed_figure_is_left_out_and_the_others_are_read_again(
    app: Flask, world: World, tenant: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.order(tenant, 700, paid_at=world.now())
    with app.app_context(), psycopg.connect(world.conn.info.dsn) as holder:
        holder.execute("LOCK TABLE to_ship_samples IN ACCESS EXCLUSIVE MODE")  # longer than the lock timeout
        company = read_tenant(tenant)
        found = snapshot.read(GROUPS[FIGURES].panels, company, world.now())
    assert {name for name, data in found.items() if isinstance(data, Exception)} == {"to_ship"}
    assert found["revenue"].today_minor == 700
