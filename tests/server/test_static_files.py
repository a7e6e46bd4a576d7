"""Static files: kept for ever under hashed addresses, compressed, the same files for an old page; and pages compressed."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import brotli
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from webapp import create_app
from webapp.server import static_files
from webapp.server.security_headers import CONTENT_SECURITY_POLICY

from ..conftest import config_for
from ..support.browser import Person
from ..support.processes import Doorbell
from ..support.sse import EventStream
from ..support.world import Service, World

FOR_EVER = "public, max-age=31536000, immutable"
SHEET = (static_files.FOLDER / "doorbell.css").read_bytes()


@pytest.fixture
def ana(app: Flask, world: World) -> Person:
    return Person(app, world.user(world.tenant()))


def addresses(ana: Person) -> list[str]:
    """Of all static files that the board names, and that its scripts import."""
    found = re.findall(r'(?:src|href)="(/static/[^"]+)"', ana.get("/").text)
    for address in found:
        if address.endswith(".js") and "/vendor/" not in address:
            imports = re.findall(r'(?:import|from)\s*"(\./[^"]+)"', ana.get(address).text)
            found += [url for name in imports if (url := urljoin(address, name)) not in found]
    return found


def test_every_file_that_the_board_needs_is_kept_for_ever(ana: Person) -> None:
    found = addresses(ana)
    assert len(found) > 10
    assert any(address.endswith("/refetch.js") for address in found), "one that only another script imports"
    for address in found:
        answer = ana.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["Cache-Control"] == FOR_EVER, address
        assert static_files.DIGEST.match(address), address


@pytest.mark.parametrize(("accepts", "encoding"), [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("", None)])
def test_a_file_comes_in_the_best_encoding_that_the_client_takes(
    app: Flask, accepts: str, encoding: str | None
) -> None:
    address = f"/static/{static_files.version()}/doorbell.css"
    answer = app.test_client().get(address, headers={"Accept-Encoding": accepts})
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Content-Type"] == 'text/css; charset="utf-8"'
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert decoded(answer) == SHEET
    if encoding:
        assert len(answer.data) < len(SHEET) / 2


def decoded(answer: TestResponse) -> bytes:
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}
    found: bytes = unpack[answer.headers.get("Content-Encoding")](answer.data)
    return found


@pytest.mark.parametrize("path", ["/static/0123456789abcdef/doorbell.css", "/static/doorbell.css"])
def test_a_page_of_another_version_gets_the_file_that_is_here_and_asks_again(app: Flask, path: str) -> None:
    client = app.test_client()
    answer = client.get(path)
    assert answer.data == SHEET
    assert answer.headers["Cache-Control"] == "public, no-cache"
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get(path, headers={"If-None-Match": '"of another content"'})
    assert other.status_code == 200


@pytest.mark.parametrize("path", ["none.css", "../config.py", "..%2fconfig.py", "%2e%2e/config.py", "vendor/", ""])
def test_what_is_no_static_file_is_not_found(app: Flask, path: str) -> None:
    for prefix in ("/static/", f"/static/{static_files.version()}/"):
        assert app.test_client().get(prefix + path).status_code == 404


def test_a_form_sent_to_a_static_file_is_refused_with_the_policy(app: Flask) -> None:
    answer = app.test_client().post(f"/static/{static_files.version()}/doorbell.css")
    assert answer.status_code in (400, 405)
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_a_changed_file_changes_the_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.js").write_text("one")
    monkeypatch.setattr(static_files, "FOLDER", tmp_path)
    versions = []
    for content in ("one", "two"):
        (tmp_path / "page.js").write_text(content)
        versions.append(static_files.version.__wrapped__())
    assert versions[0] != versions[1]
    assert re.fullmatch(r"[0-9a-f]{16}", versions[0])


def test_while_flask_debugs_a_file_is_read_from_the_source(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    app = create_app(config_for(service))
    assert "doorbell_static" not in app.extensions
    with app.test_request_context():
        address = app.url_for("static", filename="doorbell.css")
    answer = app.test_client().get(address)
    assert answer.data == SHEET
    assert "immutable" not in answer.headers["Cache-Control"]


def test_the_files_are_made_outside_of_the_source_and_go_with_the_process(tmp_path: Path) -> None:
    program = (
        "import os, webapp.server.static_files as files; here = files._built().name; print(here);"
        "print(sorted(os.listdir(here)))"
    )
    env = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}
    said = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True).stdout
    assert said.startswith(str(tmp_path))
    assert "'doorbell.css.br'" in said
    assert "'doorbell.css.gz'" in said
    assert list(tmp_path.iterdir()) == []
    assert not list(static_files.FOLDER.rglob("*.br"))


def test_a_page_is_compressed_unless_its_address_has_words_of_the_client(ana: Person) -> None:
    takes = {"headers": {"Accept-Encoding": "br, gzip"}}
    for path in ("/", "/orders", "/orders/new", "/inbox"):
        answer = ana.get(path, **takes)
        assert answer.headers.get("Content-Encoding") == "br", path
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert "Cookie" in answer.headers["Vary"]
        assert 'name="csrf-token"' in decoded(answer).decode()
    for path in ("/orders?q=words", "/?live=poll", "/panels/recent_orders", "/panels?names=revenue,history"):
        assert "Content-Encoding" not in ana.get(path, **takes).headers, path
    refused = ana.client.post("/sign-in", data={"email": "words"}, headers={"Accept-Encoding": "br"})
    assert "Content-Encoding" not in refused.headers


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    doorbell = Doorbell(service)
    doorbell.start()
    yield doorbell
    doorbell.close()


def test_gunicorn_serves_them_and_still_gives_streams_away(doorbell: Doorbell, world: World) -> None:
    user = world.user(world.tenant())
    connection = http.client.HTTPConnection("127.0.0.1", doorbell.port, timeout=10)
    for name in ("doorbell.css", "page.js", "vendor/htmx.min.js"):  # by one connection, as a browser asks
        connection.request("GET", f"/static/{static_files.version()}/{name}", headers={"Accept-Encoding": "br"})
        answer = connection.getresponse()
        body = answer.read()
        assert (answer.status, answer.headers["Content-Encoding"]) == (200, "br")
        assert brotli.decompress(body) == (static_files.FOLDER / name).read_bytes()
    connection.close()
    stream = EventStream(doorbell.url + "/stream", doorbell.cookie(user))
    assert stream.until("hello")
    assert stream.response.headers["Connection"] == "close"
    assert "Transfer-Encoding" not in stream.response.headers, "the response of a generator comes in chunks"
