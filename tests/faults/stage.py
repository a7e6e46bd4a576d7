"""The stage of the fault tests: all of Doorbell's processes, a busy shop, and the boards of two people."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import psutil
import psycopg
import redis
from playwright.sync_api import Browser

from webapp.launcher.embedded import Embedded
from webapp.signals import publisher

from ..support.processes import Doorbell, Process
from ..support.proxy import Proxy
from ..support.wait import eventually
from ..support.world import Service, World
from . import growth
from .shop import Shop
from .viewer import Viewer

CELERY = ("-m", "celery", "-q", "-A", "tasks.app")  # as in the Procfile
WARM_UP_SECONDS = 8.0


class FaultStage:
    """Two listeners, two web processes behind one port, worker and beat. While `sound`, the next fault may use it.

    Each listener reaches PostgreSQL through its own proxy, and the web reaches Redis through one, so that these
    connections can stall. `away_seconds` is how long a process manager takes to restart a process.
    """

    away_seconds = 2.0

    def __init__(self, embedded: Embedded, service: Service, chromium: Browser) -> None:
        self.embedded, self.service = embedded, service
        self.sound = False
        self.doorbell = Doorbell(service, WEB_CONCURRENCY="2")
        self.web, self.python = self.doorbell.web, self.doorbell.web.args[0]
        self.worker = self.doorbell.process(
            *(self.python, *CELERY, "worker", "--pool=threads", "--concurrency=2", "--loglevel=WARNING"),
            *("--without-gossip", "--without-mingle"),
        )
        self.beat = self.doorbell.process(self.python, *CELERY, "beat", "--loglevel=WARNING")
        self._proxies: dict[Process, Proxy] = {}
        self.listeners = [self.doorbell.listener, self.doorbell.process(self.python, "listener_worker.py")]
        self.redis_of_the_web = Proxy.to_port(urlsplit(service.redis_url).port or 6379)
        self._make_people()
        self._chromium = chromium

    def start(self) -> None:
        self.web.env["REDIS_URL"] = _at_port(self.service.redis_url, self.redis_of_the_web.start().port)
        for listener in self.listeners:
            proxy = self._proxies[listener] = Proxy.to_unix_socket(_socket(self.service.database_url)).start()
            listener.env["DATABASE_URL"] = _through(self.service.database_url, proxy.port)
        self.doorbell.start()
        self.listeners[1].start()
        eventually(lambda: "standing by" in self.listeners[1].log)
        self.worker.start()
        self.beat.start()
        eventually(self.has_rollups, 30)
        self.viewers = [Viewer(self._chromium, self.doorbell, self.tenant, user).open() for user in self.people[:-1]]
        self.shop = Shop(self.service.database_url, self.tenant, self.people)
        self.shop.start()
        self.shop.gate.open()
        self.wait(WARM_UP_SECONDS)
        self.sizes = growth.measure(self.processes())
        self.sound = True

    def close(self) -> None:
        if hasattr(self, "shop"):
            self.shop.close()
        for viewer in getattr(self, "viewers", ()):
            viewer.close()
        self.doorbell.close()
        for proxy in (self.redis_of_the_web, *self._proxies.values()):
            if proxy.port:
                proxy.close()

    def wait(self, seconds: float) -> None:
        """Let time pass while the browser's messages are read."""
        self.viewers[0].page.wait_for_timeout(seconds * 1000)

    @property
    def all_processes(self) -> list[Process]:
        return [self.web, *self.listeners, self.worker, self.beat]

    def leader(self) -> Process:
        """The listener that leads, by its heartbeat in Redis."""

        def beating() -> Process | None:
            with redis.Redis.from_url(self.service.redis_url) as client:
                beat = client.get(publisher.HEARTBEAT_KEY)
            pid = json.loads(beat)["pid"] if beat else None
            return next((one for one in self.listeners if one.running and one.pid == pid), None)

        found = eventually(beating)
        assert found is not None
        return found

    def standby(self) -> Process:
        leader = self.leader()
        return next(listener for listener in self.listeners if listener is not leader)

    def proxy_of(self, listener: Process) -> Proxy:
        return self._proxies[listener]

    def web_workers(self) -> list[psutil.Process]:
        """gunicorn's workers. The first has the most connections, so it has the streams."""
        return sorted(psutil.Process(self.web.pid).children(), key=_connections, reverse=True)

    def processes(self) -> dict[str, list[psutil.Process]]:
        """All of Doorbell's processes by kind. Fails when one has ended."""
        dead = [" ".join(process.args[1:4]) for process in self.all_processes if not process.running]
        assert not dead, f"these processes ended: {dead}"
        return {
            "listener": [psutil.Process(listener.pid) for listener in self.listeners],
            "gunicorn": [psutil.Process(self.web.pid)],
            "web": eventually(lambda: self.web_workers() if len(self.web_workers()) == 2 else []),
            "worker": [psutil.Process(self.worker.pid)],
            "beat": [psutil.Process(self.beat.pid)],
        }

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.service.database_url, autocommit=True, application_name="psql")

    def has_rollups(self) -> bool:
        """Whether the worker has counted an order. Its start sends every task once."""
        with self.connect() as conn:
            row = conn.execute("SELECT sum(orders) FROM rollups_daily").fetchone()
        return bool(row and row[0])

    def _make_people(self) -> None:
        """A tenant with an order, two people with an open board, and a third who owns most orders."""
        with self.connect() as conn:
            world = World(conn)
            self.tenant = world.tenant("acme", name="Acme")
            self.people = [world.user(self.tenant, name) for name in ("Ana Silva", "Ben Okafor", "Cleo Busy")]
            world.order(self.tenant)


def _connections(process: psutil.Process) -> int:
    try:
        return len(process.net_connections("tcp"))
    except (psutil.Error, OSError):  # it has just died
        return 0


def _socket(database_url: str) -> str:
    (directory,) = parse_qs(urlsplit(database_url).query)["host"]
    return str(Path(directory) / ".s.PGSQL.5432")


def _through(database_url: str, port: int) -> str:
    return f"{database_url.partition('?')[0]}?host={quote('127.0.0.1')}&port={port}"


def _at_port(redis_url: str, port: int) -> str:
    parts = urlsplit(redis_url)
    return redis_url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{port}")
