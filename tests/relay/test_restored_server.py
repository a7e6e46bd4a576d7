"""A server that was restored to an earlier time uses ids again. Its new events are not taken for old ones."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import psycopg
import pytest
import redis

from webapp import create_app
from webapp.launcher.cluster import PG_BIN
from webapp.launcher.embedded_postgres import EmbeddedPostgres
from webapp.relay.worker import RelayWorker

from ..conftest import config_for
from ..support.relay import Relay, entries, event_ids
from ..support.wait import eventually
from ..support.world import Service, World

pytestmark = pytest.mark.faults


@pytest.fixture
def primary(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "primary")
    server.start()
    yield server
    server.stop()


def restored(primary: EmbeddedPostgres, directory: Path) -> EmbeddedPostgres:
    """A copy as of now, as a restore to a point in time makes it: on a new timeline, not started yet."""
    command = [
        str(PG_BIN / "pg_basebackup"),
        "-d",
        primary.url,
        "-D",
        str(directory),
        "--checkpoint=fast",
        "-X",
        "stream",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    for left in directory.glob(".s.PGSQL*"):
        left.unlink()
    (directory / "recovery.signal").touch()
    with (directory / "postgresql.auto.conf").open("a") as settings:
        settings.write("restore_command = 'false'\n")
    owner = Path(str(directory.with_name("primary"))).stat()
    subprocess.run(["chown", "-R", f"{owner.st_uid}:{owner.st_gid}", str(directory)], check=True)
    return EmbeddedPostgres(directory)


def relay_of(server: EmbeddedPostgres, service: Service) -> Relay:
    config = config_for(Service(server.url, service.redis_url))
    return Relay(psycopg.connect(server.url, autocommit=True), config, RelayWorker(config))


def test_the_relay_of_a_restored_server_goes_on_with_unique_ids(
    primary: EmbeddedPostgres, service: Service, redis_client: redis.Redis, tmp_path: Path
) -> None:
    app = create_app(config_for(Service(primary.url, service.redis_url)))
    with app.app_context():
        flask_migrate.upgrade()
        app.extensions["sqlalchemy"].engine.dispose()
    before = relay_of(primary, service)
    world = World(before.conn)
    tenant = world.tenant()
    before.add()
    world.order(tenant)
    before.run()
    copy = restored(primary, tmp_path / "copy")
    # These are lost by the restore, after they were sent.
    for _order in range(2):
        world.order(tenant)
    before.run()
    before.worker.close()
    copy.start()
    try:
        after = relay_of(copy, service)
        eventually(lambda: after.conn.execute("SELECT pg_is_in_recovery()").fetchone() == (False,), 60)
        world = World(after.conn)
        world._numbers = 100
        for _order in range(3):
            world.order(tenant)
        after.run()
        sent = entries(redis_client)
        assert event_ids(redis_client)[:3] == [event["id"] for event in World(before.conn).events()]
        assert event_ids(redis_client)[3:] == [event["id"] for event in world.events()][1:]
        assert len(set(event_ids(redis_client))) < len(sent), "ids of the table are used again"
        assert len({event["id"] for event in sent}) == len(sent), "ids of messages are not"
        assert [event["incarnation"] for event in sent] == ["1", "1", "1", "2", "2", "2"]
        after.worker.close()
        after.conn.close()
    finally:
        before.conn.close()
        copy.stop()
