"""The contenders: servers of streams that are measured side by side, with the same signals in frames of the same size.

`publish` sends one signal by loopback, through Redis or to nchan by an HTTP POST, and returns its seq.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import psutil
import redis

from tests.support.ports import free_port
from webapp import redis_client
from webapp.signals import publisher

from .stage import ROOT, Stage
from .web import Web, await_answer, tenant_with_people

# Users of a tenant, who share its streams evenly.
PEOPLE = 50
# The topics of a paid order.
TOPICS: dict[str, list[int] | None] = {"orders": [1_234_567], "revenue": None}
NCHAN_MODULES = (Path("/usr/lib/nginx/modules"), Path("/usr/share/nginx/modules"))

# The bytes that Doorbell writes for it, so that the others can send as many.
FRAME = (
    'event: orders\ndata: {"seq":1764000000000,"at":1764000000000,"pace":5000,"jitter":4000,"ids":[1234567]}\n\n'
    'event: revenue\nid: 1764000000000\ndata: {"seq":1764000000000,"at":1764000000000,"pace":5000,"jitter":4000}\n\n'
)


class Contender(Protocol):
    """A running server. `process` is the measured one; `path` is the path of its streams, with a place for the newest seq."""

    port: int
    path: str
    cookies: tuple[str, ...]
    process: psutil.Process

    def publish(self) -> int: ...


@dataclass
class FromRedis:
    """Doorbell, or another server that subscribes to a tenant's channel."""

    client: redis.Redis
    tenant_id: int
    port: int
    path: str
    process: psutil.Process
    cookies: tuple[str, ...] = ("",)

    def publish(self) -> int:
        return publisher.publish(self.client, self.tenant_id, TOPICS)


@dataclass
class Nchan:
    """nginx with nchan, one worker."""

    port: int
    process: psutil.Process
    path: str = "/sub"
    cookies: tuple[str, ...] = ("",)

    def __post_init__(self) -> None:
        self._seq = int(time.time() * 1000)
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def publish(self) -> int:
        self._seq += 1
        # nchan sends no event name, and neither writes chunks.
        size = len(FRAME) - len("id: 1764000000:0\ndata: \n\n")
        self._connection.request("POST", "/pub", padded({"seq": self._seq}, size))
        self._connection.getresponse().read()
        return self._seq


def padded(data: dict[str, Any], size: int) -> str:
    """JSON padded to `size` characters."""
    text = json.dumps({**data, "pad": ""}, separators=(",", ":"))
    return text[:-2] + "x" * max(0, size - len(text)) + text[-2:]


@contextmanager
def doorbell(stage: Stage, url: str, streams: int, kind: str) -> Iterator[Contender]:
    """`kind` is "hub" (writes frames straight to the sockets) or "generator"."""
    tenant_id, users = tenant_with_people(url, f"{kind}-{streams}", PEOPLE)
    with (
        Web(stage, url, streams, STREAM_TRANSPORT="socket" if kind == "hub" else kind) as web,
        redis_client.connect(stage.env["REDIS_URL"]) as client,
    ):
        yield FromRedis(client, tenant_id, web.port, "/stream?since={seq}", web.worker, web.cookies(users))


@contextmanager
def sse_starlette(stage: Stage, _url: str, _streams: int) -> Iterator[Contender]:
    tenant_id, port = 1_000_000, free_port()  # not a tenant's channel
    log = stage.directory / f"sse-starlette-{port}.log"
    command = [sys.executable, "-m", "uvicorn", "--port", str(port), "--log-level", "warning"]
    env = stage.env | {"BENCH_CHANNEL": publisher.channel(tenant_id), "BENCH_FRAME_BYTES": str(len(FRAME))}
    with (
        _server([*command, "bench.sse_starlette_app:app"], log, port, env) as process,
        redis_client.connect(stage.env["REDIS_URL"]) as client,
    ):
        yield FromRedis(client, tenant_id, port, "/sub", process)


@contextmanager
def nchan(stage: Stage, _url: str, streams: int) -> Iterator[Contender]:
    directory, port = stage.directory / f"nchan-{streams}", free_port()
    directory.mkdir()
    (directory / "nginx.conf").write_text(_nchan_configuration(directory, port, streams))
    command = ["nginx", "-p", str(directory), "-e", str(directory / "error.log"), "-c", str(directory / "nginx.conf")]
    with _server(command, directory / "log", port, dict(os.environ)) as master:
        yield Nchan(port, master.children()[0])


@contextmanager
def _server(command: list[str], log: Path, port: int, env: dict[str, str]) -> Iterator[psutil.Process]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out)
    try:
        await_answer(port, process, log)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()


def why_unavailable(name: str) -> str | None:
    """Why this contender cannot be measured on this machine; None when it can."""
    if name == "nchan" and not (shutil.which("nginx") and _nchan_module()):
        return "not installed: apt-get install nginx-light libnginx-mod-nchan"
    if name == "sse_starlette" and not (find_spec("sse_starlette") and find_spec("uvicorn")):
        return "not installed: pip install -r requirements/dev.txt"
    return None


def _nchan_module() -> Path | None:
    return next((path for each in NCHAN_MODULES if (path := each / "ngx_nchan_module.so").exists()), None)


def _nchan_configuration(directory: Path, port: int, streams: int) -> str:
    temporary = "\n".join(
        f"    {name}_temp_path {directory}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
load_module {_nchan_module()};
events {{ worker_connections {2 * streams + 500}; }}
http {{
{temporary}
    access_log off;
    nchan_shared_memory_size 512m;
    server {{
        listen 127.0.0.1:{port} backlog=2048;
        keepalive_requests 1000000;
        keepalive_timeout 1h;
        location = /healthz {{ return 200; }}
        location = /sub {{ nchan_subscriber eventsource; nchan_channel_id bench; nchan_subscriber_first_message newest; }}
        location = /pub {{
            nchan_publisher;
            nchan_channel_id bench;
            nchan_message_buffer_length 10;
            nchan_message_timeout 60s;
        }}
    }}
}}
"""
