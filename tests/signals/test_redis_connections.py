"""All of Doorbell's processes with every kind of REDIS_URL: TLS, a user with few rights, Sentinel, and Sentinel with TLS."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from celery import Celery

from webapp import create_app
from webapp.accounts import sign_in_throttle
from webapp.config import Config
from webapp.config.redis_url import connect
from webapp.events.topics import ROLLUPS
from webapp.services import services
from webapp.signals import publisher

from ..conftest import SECRET
from ..support.install import redis as install_redis
from ..support.processes import Doorbell, Process
from ..support.redis_servers import PASSWORD, Certificate, Sentinels, TlsFront
from ..support.sse import EventStream
from ..support.task_environment import set_environment
from ..support.wait import eventually
from ..support.world import Service, World

EVENT_SECONDS = 40
ROOT = Path(__file__).parents[2]
WORKER = ("worker", "--pool=threads", "--concurrency=2", "--loglevel=WARNING", "--without-gossip", "--without-mingle")


class Chain:
    """Web, listener and worker on one REDIS_URL, and a page's stream. `works` sends one order through all of them."""

    def __init__(self, service: Service, url: str, world: World) -> None:
        self.doorbell = Doorbell(Service(service.database_url, url))
        self._world, self._url = world, url
        self._tenant = world.tenant()
        user = world.user(self._tenant)
        self.doorbell.start()
        self.worker = self._celery(*WORKER)
        self._stream = EventStream(f"{self.doorbell.url}/stream", self.doorbell.cookie(user), timeout=40)
        self._stream.until("hello")

    def works(self) -> None:
        """From the listener to the page, and from a publisher of tasks to the worker and to the page."""
        self._receives("orders", self._world.order(self._tenant))
        # An earlier task may have counted the first order before its event was on the stream.
        self._world.order(self._tenant)
        self._celery("call", "tasks.rollups.refresh")
        self._receives(ROLLUPS)

    def resyncs(self) -> None:
        self._receives("resync")

    def _receives(self, name: str, order: int | None = None) -> None:
        """Wait for an event, of this order if one is named; the wait is bounded as a whole, because pings never end."""
        ends = time.monotonic() + EVENT_SECONDS
        names = []
        while time.monotonic() < ends and (event := self._stream.next()):
            names.append(event.name)
            if event.name == name and (order is None or order in (event.data["ids"] or [order])):
                return
        raise AssertionError(f"no {name!r} within {EVENT_SECONDS} s, but {names}\n{self.worker.log[-3000:]}")

    def counts_a_sign_in(self) -> None:
        app = create_app(Config.from_env(self.doorbell.env()))
        with app.app_context():
            limiter = services(app).sign_ins.limiter
            attempt = sign_in_throttle.SignInAttempt(limiter, "ana@example.com", "192.0.2.1")
            assert attempt.register().wait == 0
            attempt.succeed()
            assert limiter.kept == 0, "all of it is in Redis"

    def _celery(self, *args: str) -> Process:
        return self.doorbell.another(sys.executable, "-m", "celery", "-q", "-A", "tasks.app", *args)

    def doctor(self) -> str:
        process = self.doorbell.another(sys.executable, "-m", "flask", "--app", "wsgi", "doctor")
        process.wait(60)
        return process.log

    def close(self) -> None:
        self._stream.close()
        self.doorbell.close()


@pytest.fixture
def port(service: Service) -> int:
    """The plain Redis of this test."""
    port = urlsplit(service.redis_url).port
    assert port
    return port


@pytest.fixture
def front(port: int, tmp_path: Path) -> Iterator[TlsFront]:
    front = TlsFront(tmp_path, port)
    yield front
    front.close()


def through(front: TlsFront, service: Service, host: str, parameters: str) -> str:
    password = urlsplit(service.redis_url).password
    return f"rediss://:{password}@{host}:{front.port}/0{parameters}"


def test_all_processes_reach_a_redis_behind_tls(service: Service, world: World, front: TlsFront) -> None:
    url = through(front, service, "localhost", f"?ssl_ca_certs={front.certificate}")
    chain = Chain(service, url, world)
    try:
        chain.works()
        assert re.search(r"ok +redis", chain.doctor())
    finally:
        chain.close()


@pytest.mark.parametrize("library", ["redis-py", "celery"])
@pytest.mark.parametrize("why", ["an untrusted certificate", "a certificate of another host"])
def test_a_redis_with_an_invalid_certificate_is_refused(
    service: Service, front: TlsFront, monkeypatch: pytest.MonkeyPatch, library: str, why: str
) -> None:
    trusted = f"?ssl_ca_certs={front.certificate}"
    host, parameters = ("localhost", "") if why == "an untrusted certificate" else ("127.0.0.1", trusted)
    url = through(front, service, host, parameters)
    if library == "redis-py":
        connect_now = connect(url).ping
    else:
        connection = celery(service, url, monkeypatch).connection_for_write()
        connect_now = partial(connection.ensure_connection, max_retries=1)
    with pytest.raises(Exception, match="certificate verify failed"):
        connect_now()


def celery(service: Service, url: str, monkeypatch: pytest.MonkeyPatch) -> Celery:
    """A separate Celery app with Doorbell's settings, which sends as beat does: on one lasting connection."""
    from tasks.app import settings

    set_environment(monkeypatch, DATABASE_URL=service.database_url, REDIS_URL=url, SECRET_KEY=SECRET)
    app = Celery("sender")
    app.conf.update(settings())
    return app


@pytest.fixture
def line() -> str:
    """The line of docs/redis.md that makes the user, with the password that it says to choose."""
    found = re.search(r"^ACL SETUSER doorbell .*?$", (ROOT / "docs" / "redis.md").read_text(), re.MULTILINE)
    assert found, "docs/redis.md has no ACL line"
    return found.group(0)


def test_the_acl_line_of_the_docs_is_sufficient_and_hardly_more(
    service: Service, world: World, port: int, line: str
) -> None:
    with redis.Redis.from_url(service.redis_url) as admin:
        admin.execute_command(*line.replace(">…", ">hunter2").split())
        admin.acl_log_reset()
        chain = Chain(service, f"redis://doorbell:hunter2@127.0.0.1:{port}/0", world)
        try:
            chain.works()
            chain.counts_a_sign_in()
            doctor = chain.doctor()
            assert re.search(r"ok +redis", doctor), doctor
            refused = {f"{entry['reason']} {entry['object']}" for entry in admin.acl_log()}
            assert refused <= {"command client"}, refused  # redis-py does without it
            assert "Traceback" not in chain.worker.log
            with redis.Redis(port=port, username="doorbell", password="hunter2") as user:
                for command in (["FLUSHALL"], ["CONFIG", "GET", "*"], ["KEYS", "*"], ["SET", "theirs", "1"]):
                    with pytest.raises(redis.exceptions.NoPermissionError):
                        user.execute_command(*command)
        finally:
            chain.close()
            admin.acl_deluser("doorbell")


@pytest.fixture
def sentinels(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Sentinels]:
    """With TLS when the test's parameter is `tls`; the certificate names the address that the Sentinels return."""
    with_tls = getattr(request, "param", "plain") == "tls"
    if with_tls and not install_redis.with_tls():
        pytest.skip("no redis-server with TLS; Debian: apt-get install redis-tools")
    tls = Certificate(tmp_path, "IP:127.0.0.1", "DNS:localhost") if with_tls else None
    sentinels = Sentinels(tmp_path, tls)
    yield sentinels
    sentinels.close()


with_tls_too = pytest.mark.parametrize("sentinels", ["plain", "tls"], indirect=True)


@pytest.mark.faults
@pytest.mark.timeout(180)
@with_tls_too
def test_all_processes_survive_a_failover_by_sentinels(
    service: Service, world: World, sentinels: Sentinels, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = Chain(service, sentinels.url, world)
    sender = celery(service, sentinels.url, monkeypatch)
    try:
        chain.works()
        sender.send_task("tasks.rollups.refresh")
        sentinels.primary.freeze()
        sentinels.sentinels[0].freeze()  # as if on the same host
        sender.send_task("tasks.rollups.refresh")  # on an open but silent connection
        chain.resyncs()
        chain.works()
        assert sentinels.replica.client.info()["role"] == "master"
        sentinels.sentinels[0].thaw()
        sentinels.primary.thaw()
        eventually(lambda: sentinels.primary.client.info()["role"] == "slave", 30)
        chain.works()
        assert sentinels.replica.client.get(publisher.HEARTBEAT_KEY)
        for process in (chain.doorbell.web, chain.doorbell.listener, chain.worker):
            assert "Traceback" not in process.log, process.log
    finally:
        chain.close()
        sender.close()


@with_tls_too
def test_a_wrong_password_is_an_error_through_sentinels_too(sentinels: Sentinels) -> None:
    wrong = sentinels.url.replace(PASSWORD.replace(" ", "%20"), "guess")
    with pytest.raises(redis.AuthenticationError):
        connect(wrong).ping()


@pytest.mark.parametrize("sentinels", ["tls"], indirect=True)
@pytest.mark.parametrize("library", ["redis-py", "celery"])
def test_sentinels_and_clients_refuse_tls_peers_with_invalid_certificates(
    service: Service, sentinels: Sentinels, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    """A Sentinel that refuses or is refused is skipped like one that is away, so the error is "No master found"."""
    assert sentinels.tls
    believed, shown = sentinels.tls.believed(), sentinels.tls.shown()
    ping(service, sentinels.address(believed | shown), monkeypatch, library)
    for url in (sentinels.address(shown), sentinels.address(believed), sentinels.plain_url):
        with pytest.raises(Exception, match="No master found"):
            ping(service, url, monkeypatch, library)


def ping(service: Service, url: str, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    if library == "redis-py":
        connect(url).ping()
    else:
        with celery(service, url, monkeypatch).connection_for_write() as connection:
            connection.ensure_connection(max_retries=1)
