"""Doorbell on six hosts: two for web, two for listeners, one for PostgreSQL, where orders are written, one for Redis."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import flask_migrate
import psycopg

from webapp import create_app
from webapp.config import Config
from webapp.doorbell import locks
from webapp.launcher.embedded import Embedded

from ..faults import truth
from ..support.processes import Doorbell, Process, get
from ..support.wait import eventually
from ..support.world import Service, World
from .network import SUBNET, Host, Network
from .viewer import Viewer

WEB_PORT = 8000


class HostStage:
    """`conn` is a session over PostgreSQL's Unix socket, which no cut affects."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="doorbell-hosts-"))
        self.directory.chmod(0o755)
        self._closing: list[Callable[[], object]] = []
        self._after(lambda: shutil.rmtree(self.directory, ignore_errors=True))
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def _build(self) -> None:
        network = Network()
        self._after(network.close)
        self.postgres, self.redis = network.host("postgres"), network.host("redis")
        self.webs = [network.host("web1"), network.host("web2")]
        self.listener_hosts = [network.host("listener1"), network.host("listener2")]
        local, service = self._start_services()
        self.doorbell = Doorbell(service, BIND=f"0.0.0.0:{WEB_PORT}", ALLOW_INSECURE_NETWORK="1", LOG_FORMAT="logfmt")
        self._after(self.doorbell.close)
        self.conn = psycopg.connect(local, autocommit=True)
        self._after(self.conn.close)
        self.world = World(self.conn)
        self.tenant = self.world.tenant()
        self.user = self.world.user(self.tenant)
        gunicorn = ("-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app")
        self.web_processes = [self._start(host, *gunicorn) for host in self.webs]
        self.listeners = [self._start(host, "listener_worker.py") for host in self.listener_hosts]
        for host in self.webs:
            with host.inside():
                eventually(lambda: get(f"http://127.0.0.1:{WEB_PORT}/healthz") == 200, 30)
        eventually(lambda: sum("log=listener" in each.log for each in self.listeners) == 2, 20)
        eventually(self.leader_address)
        self.viewers = [self._viewer(host) for host in self.webs for _ in range(2)]

    def _start_services(self) -> tuple[str, Service]:
        """The database's URL on its own host, and the services' URLs for the other hosts."""
        postgres, redis = Embedded(self.directory / "p", fast=True), Embedded(self.directory / "r", fast=True)
        postgres.postgres.address, redis.redis.address = self.postgres.address, self.redis.address
        for embedded in (postgres, redis):
            embedded.directory.mkdir()
        with self.postgres.inside():
            postgres.postgres.start()
        self._after(postgres.postgres.stop)
        with (postgres.directory / "postgres" / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {SUBNET}.0/24 trust\n")
        local = postgres.database_url
        with psycopg.connect(local, autocommit=True) as conn:
            conn.execute("SELECT pg_reload_conf()")
        with self.redis.inside():
            redis.redis.start()
        self._after(redis.redis.stop)
        self._migrate(local, redis.redis_url)
        return local, Service(f"postgresql://postgres@{self.postgres.address}/doorbell", redis.redis_url)

    def _migrate(self, database_url: str, redis_url: str) -> None:
        env = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "SECRET_KEY": "s" * 40}
        app = create_app(Config.from_env(env))
        with app.app_context():
            flask_migrate.upgrade()
            app.extensions["sqlalchemy"].engine.dispose()

    def _start(self, host: Host, *args: str) -> Process:
        with host.inside():
            return self.doorbell.another(sys.executable, *args)

    def _viewer(self, host: Host) -> Viewer:
        viewer = Viewer(host, f"http://127.0.0.1:{WEB_PORT}", self.doorbell.cookie(self.user))
        self._after(viewer.close)
        return viewer

    def leader_address(self) -> str | None:
        """The address of the session that holds the leader's lock."""
        row = self.conn.execute(
            "SELECT host(client_addr) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = %s",
            [locks.LEADER_LOCK],
        ).fetchone()
        return row[0] if row else None

    def sessions_from(self, host: Host) -> int:
        row = self.conn.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE client_addr = %s", [host.address]
        ).fetchone()
        assert row is not None
        return int(row[0])

    def sell(self) -> None:
        """Place and pay one order, on PostgreSQL's own host."""
        order = self.world.order(self.tenant, 1234, placed_at=self.world.now())
        self.world.change(order, paid_at=self.world.now())

    def truth(self) -> tuple[str, str]:
        board = truth.board(self.conn, self.tenant, self.user)
        return board.revenue, board.orders_today

    def wait_for_truth(self, seconds: float, viewers: list[Viewer] | None = None) -> float:
        """Wait until all viewers show the truth; returns the seconds that it took."""
        begun = time.monotonic()
        watched = viewers or self.viewers

        def equal() -> bool:
            assert [viewer.shows for viewer in watched] == [self.truth()] * len(watched)
            return True

        eventually(equal, seconds)
        return time.monotonic() - begun

    def close(self) -> None:
        for close in reversed(self._closing):
            close()

    def _after(self, close: Callable[[], object]) -> None:
        self._closing.append(close)
