"""Logs: logfmt in production, text in development, no secrets in either, one line per incident."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from webapp import redis_client
from webapp.launcher.embedded import Embedded
from webapp.observability import logs
from webapp.signals import publisher

from ..support.logfmt import lines, parse, structured
from ..support.processes import Doorbell, Process, get
from ..support.sse import EventStream
from ..support.task_environment import set_environment
from ..support.wait import eventually
from ..support.world import Service, World


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], list[str]]]:
    """Returns a function that adds a handler of a format to the root logger and returns the list of its lines."""
    root, handlers = logging.getLogger(), []

    def in_format(name: str) -> list[str]:
        out: list[str] = []
        handler = logging.Handler()
        form = logs.formatter({"LOG_FORMAT": name})
        monkeypatch.setattr(handler, "emit", lambda record: out.append(form.format(record)))
        root.addHandler(handler)
        handlers.append(handler)
        return out

    yield in_format
    for handler in handlers:
        root.removeHandler(handler)


NASTY = 'said "no" = \\ x\r\n\x1b[31m\x9b31mred\u202e\tat=1 level=none'


def test_a_logfmt_line_parses_to_the_logged_values(written: Callable[[str], list[str]]) -> None:
    out = written("logfmt")
    logs.get("hub").warning("redis is away", cause="subscription", tries=3, nasty=NASTY, no=None, yes=True)
    (line,) = out
    assert "\n" not in line
    assert "\r" not in line
    assert "\x1b" not in line
    pairs = parse(line)
    assert list(pairs)[:5] == ["at", "level", "log", "pid", "event"]
    assert abs((datetime.now(UTC) - datetime.fromisoformat(pairs.pop("at"))).total_seconds()) < 60
    assert pairs.pop("pid").isdigit()
    assert pairs == {
        "level": "warning",
        "log": "hub",
        "event": "redis is away",
        "cause": "subscription",
        "tries": "3",
        "nasty": NASTY.translate({ord(sign): f"\\x{ord(sign):02x}" for sign in "\r\x1b\x9b\u202e"}),
        "no": "",
        "yes": "true",
    }


def test_a_traceback_of_a_library_is_one_logfmt_line(written: Callable[[str], list[str]]) -> None:
    out = written("logfmt")
    try:
        raise ValueError("of a library")
    except ValueError:
        logging.getLogger("sqlalchemy.pool").exception("%s failed", "it")
    (line,) = out
    pairs = parse(line)
    assert (pairs["level"], pairs["log"], pairs["event"]) == ("error", "sqlalchemy.pool", "it failed")
    assert pairs["exception"].splitlines()[-1] == "ValueError: of a library"


def test_the_console_format_is_plain_text(written: Callable[[str], list[str]]) -> None:
    out = written("console")
    logs.get("hub").warning("redis is away", cause="subscription")
    logging.getLogger("celery").error("gone")
    assert out == ["[warning  ] redis is away cause=subscription log=hub", "[error    ] gone log=celery"]


@pytest.mark.parametrize("form", ["logfmt", "console"])
def test_passwords_and_emails_are_masked(written: Callable[[str], list[str]], form: str) -> None:
    out = written(form)
    log = logs.get("test")
    log.warning("a", url="redis://:hunter2@cache:6379/0", error=OSError("postgresql://ann:hunter2@db.example.com/x"))
    logging.getLogger("psycopg").error("host=db password=hunter2 user=ann")
    try:
        raise ValueError("Key (email)=(ana.silva@acme.example) already exists.")
    except ValueError:
        log.exception("b")
    text = "\n".join(out)
    assert "hunter2" not in text
    assert "ana.silva" not in text
    assert "acme" not in text
    assert "db.example.com" in text, "the host is not secret, and finding the fault needs it"


def test_without_configure_a_line_is_plain_text(caplog: pytest.LogCaptureFixture) -> None:
    logs.get("test").warning("redis is away", cause="a b")
    assert "redis is away cause='a b'" in caplog.text


def test_a_repeated_line_of_a_library_passes_once_per_minute() -> None:
    now = [0.0]
    repeats = logs.RepeatFilter(clock=lambda: now[0])

    def passes(name: str, *args: object) -> bool:
        return bool(repeats.filter(logging.LogRecord(name, logging.ERROR, "", 1, "cannot connect: %s", args, None)))

    celery = "celery.worker.consumer.consumer"
    assert [passes(celery, n) for n in range(3)] == [True, False, False]
    assert [passes("webapp", n) for n in range(2)] == [True, True], "tracebacks of requests always pass"
    now[0] = logs.REPEAT_SECONDS
    assert passes(celery, 4)


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    doorbell = Doorbell(service)
    yield doorbell
    doorbell.close()


def in_production(process: Process) -> None:
    process.env["DOORBELL_DEMO"] = "0"


def test_an_outage_of_redis_is_two_lines_in_the_web_log(
    doorbell: Doorbell, world: World, embedded: Embedded, service: Service
) -> None:
    in_production(doorbell.web)
    doorbell.start_web()
    with redis_client.connect(service.redis_url) as client:
        client.set(publisher.HEARTBEAT_KEY, "{}")
        stream = EventStream(doorbell.url + "/stream", doorbell.cookie(world.user(world.tenant())))
        stream.until("hello")
        embedded.redis.stop()
        try:
            stream.until("away")
        finally:
            embedded.redis.start()
        eventually(lambda: client.set(publisher.HEARTBEAT_KEY, "{}"))
        stream.until("resync")
    stream.close()
    (away,) = eventually(lambda: lines(doorbell.web.log, "redis is away"))
    (back,) = eventually(lambda: lines(doorbell.web.log, "redis is back"))
    assert (away["cause"], away["log"], away["level"]) == ("subscription", "hub", "warning")
    assert float(back["seconds"]) < 15
    assert int(back["tries"]) >= 1


def test_an_outage_of_postgresql_is_one_line_for_many_requests(
    doorbell: Doorbell, world: World, embedded: Embedded
) -> None:
    in_production(doorbell.web)
    doorbell.start_web()
    cookie = doorbell.cookie(world.user(world.tenant()))
    assert get(doorbell.url + "/panels/revenue", cookie) == 200
    embedded.postgres.stop()
    try:
        assert [get(doorbell.url + "/panels/revenue", cookie) for _ in range(5)] == [503] * 5
    finally:
        embedded.postgres.start()
    (away,) = lines(doorbell.web.log, "postgresql is away")
    assert "Error" in away["error"]
    eventually(
        lambda: get(doorbell.url + "/panels/revenue", cookie) == 200 and lines(doorbell.web.log, "postgresql is b")
    )


def test_gunicorns_own_lines_are_logfmt(doorbell: Doorbell) -> None:
    in_production(doorbell.web)
    doorbell.web.env["GUNICORN_LOG_LEVEL"] = "info"
    doorbell.start_web()
    assert doorbell.web.stop() == 0
    # The other lines are of the hub, which misses the listener.
    logged = [line for line in lines(doorbell.web.log) if line["log"] == "gunicorn.error"]
    assert any(line["event"].startswith("Booting worker") for line in logged)
    assert len({line["pid"] for line in logged}) == 2, "the master's and the worker's"


def test_a_demo_logs_plain_text(doorbell: Doorbell) -> None:
    doorbell.web.env["GUNICORN_LOG_LEVEL"] = "info"
    doorbell.start_web()
    assert re.search(r"^\[info +\] Booting worker", doorbell.web.log, re.MULTILINE)
    assert "\x1b" not in doorbell.web.log, "no colours without a terminal"


def celery(doorbell: Doorbell, *args: str) -> Process:
    process = doorbell.process(sys.executable, "-m", "celery", "-q", "-A", "tasks.app", *args)
    process.env |= {"DOORBELL_DEMO": "0", "REDIS_URL": "redis://:hunter2@127.0.0.1:1/0"}
    process.start()
    return process


def celery_lines(process: Process) -> list[dict[str, str]]:
    """The log lines, without what Celery prints at its start as root and at its end."""
    return lines("\n".join(line for line in process.log.splitlines() if line.startswith("at=")))


def test_a_worker_logs_an_absent_broker_once(doorbell: Doorbell) -> None:
    worker = celery(doorbell, "worker", "--pool=threads", "--concurrency=1")
    (line,) = eventually(lambda: celery_lines(worker), 60)
    assert line["event"].startswith("consumer: Cannot connect to redis")
    assert "hunter2" not in worker.log


def test_beat_uses_its_log_level_and_logfmt(doorbell: Doorbell) -> None:
    beat = celery(doorbell, "beat", "--loglevel=DEBUG")
    eventually(lambda: any(line["event"].startswith("beat: Waking up") for line in celery_lines(beat)), 60)
    assert {line["log"] for line in celery_lines(beat)} >= {"celery.beat"}


def test_a_task_that_fails_at_each_tick_logs_one_incident(
    service: Service, conn: psycopg.Connection, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = "postgresql://unknown@127.0.0.1:1/nowhere"
    set_environment(monkeypatch, DATABASE_URL=away, REDIS_URL=service.redis_url, SECRET_KEY="x" * 40)
    from tasks.app import app

    app.loader.import_default_modules()
    task = app.tasks["tasks.partitions.make"]
    caplog.set_level(logging.INFO, "doorbell")
    for _ in range(3):
        task.apply()
    set_environment(monkeypatch, DATABASE_URL=service.database_url)
    task.apply()
    logged = structured(caplog, "doorbell.tasks")
    assert [line["event"] for line in logged] == [
        "tasks.partitions.make is away; its next tick tries again",
        "tasks.partitions.make is back",
    ]
    assert logged[0]["error"].startswith("OperationalError: ")
    assert logged[1]["tries"] == 3


def test_a_flask_command_keeps_its_plain_output(doorbell: Doorbell) -> None:
    command = doorbell.process(sys.executable, "-m", "flask", "--app", "wsgi", "rollups", "rebuild")
    command.env["DOORBELL_DEMO"] = "0"
    command.start()
    assert command.wait(60) == 0
    assert "event=" not in command.log
