"""Static files: hashed addresses, caching, compression, and pages of another version. Compression of pages."""

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
    """The addresses of all static files that the board or its scripts use."""
    found = re.findall(r'(?:src|href)="(/static/[^"]+)"', ana.get("/").text)
    for address in found:
        if address.endswith(".js") and "/vendor/" not in address:
            imports = re.findall(r'(?:import|from)\s*"(\./[^"]+)"', ana.get(address).text)
            found += [url for name in imports if (url := urljoin(address, name)) not in found]
    return found


def test_every_file_of_the_board_is_cached_for_ever(ana: Person) -> None:
    found = addresses(ana)
    assert len(found) > 10
    assert any(address.endswith("/dispatch.js") for address in found), "guard: only another script imports it"
    for address in found:
        answer = ana.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["Cache-Control"] == FOR_EVER, address
        assert static_files.DIGEST.match(address), address


@pytest.mark.parametrize(("accepts", "encoding"), [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("", None)])
def test_a_file_has_the_best_encoding_that_the_client_accepts(app: Flask, accepts: str, encoding: str | None) -> None:
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
def test_a_page_of_another_version_gets_the_present_file_and_must_revalidate_it(app: Flask, path: str) -> None:
    client = app.test_client()
    answer = client.get(path)
    assert answer.data == SHEET
    assert answer.headers["Cache-Control"] == "public, no-cache"
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get(path, headers={"If-None-Match": '"of another content"'})
    assert other.status_code == 200


@pytest.mark.parametrize("path", ["none.css", "../config.py", "..%2fconfig.py", "%2e%2e/config.py", "vendor/", ""])
def test_a_path_that_is_not_a_static_file_is_404(app: Flask, path: str) -> None:
    for prefix in ("/static/", f"/static/{static_files.version()}/"):
        assert app.test_client().get(prefix + path).status_code == 404


def test_a_post_to_a_static_file_is_refused_with_the_policy(app: Flask) -> None:
    answer = app.test_client().post(f"/static/{static_files.version()}/doorbell.css")
    assert answer.status_code in (400, 405)
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_a_changed_file_changes_all_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.js").write_text("one")
    monkeypatch.setattr(static_files, "FOLDER", tmp_path)
    versions = []
    for content in ("one", "two"):
        (tmp_path / "page.js").write_text(content)
        versions.append(static_files.version.__wrapped__())
    assert versions[0] != versions[1]
    assert re.fullmatch(r"[0-9a-f]{16}", versions[0])


def test_in_debug_mode_files_are_read_from_the_source_tree(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    app = create_app(config_for(service))
    assert "doorbell_static" not in app.extensions
    with app.test_request_context():
        address = app.url_for("static", filename="doorbell.css")
    answer = app.test_client().get(address)
    assert answer.data == SHEET
    assert "immutable" not in answer.headers["Cache-Control"]


def test_compressed_files_are_outside_of_the_source_tree_and_removed_with_the_process(tmp_path: Path) -> None:
    program = (
        "import os, webapp.server.static_files as files; here = files._built().name; print(here);"
        "print(sorted(os.listdir(here)))"
    )
    env = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}
    output = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True).stdout
    assert output.startswith(str(tmp_path))
    assert "'doorbell.css.br'" in output
    assert "'doorbell.css.gz'" in output
    assert list(tmp_path.iterdir()) == []
    assert not list(static_files.FOLDER.rglob("*.br"))


def test_a_page_is_compressed_unless_its_address_has_a_query_string(ana: Person) -> None:
    accepts = {"headers": {"Accept-Encoding": "br, gzip"}}
    for path in ("/", "/orders", "/orders/new", "/inbox"):
        answer = ana.get(path, **accepts)
        assert answer.headers.get("Content-Encoding") == "br", path
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert "Cookie" in answer.headers["Vary"]
        assert 'name="csrf-token"' in decoded(answer).decode()
    for path in ("/orders?q=words", "/?live=poll", "/panels/recent_orders", "/panels?names=revenue,history"):
        assert "Content-Encoding" not in ana.get(path, **accepts).headers, path
    refused = ana.client.post("/sign-in", data={"email": "words"}, headers={"Accept-Encoding": "br"})
    assert "Content-Encoding" not in refused.headers


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    doorbell = Doorbell(service)
    doorbell.start()
    yield doorbell
    doorbell.close()


def test_gunicorn_serves_static_files_and_streams_still_hijack_the_connection(doorbell: Doorbell, world: World) -> None:
    user = world.user(world.tenant())
    connection = http.client.HTTPConnection("127.0.0.1", doorbell.port, timeout=10)
    for name in ("doorbell.css", "page.js", "vendor/htmx.min.js"):  # on one connection
        connection.request("GET", f"/static/{static_files.version()}/{name}", headers={"Accept-Encoding": "br"})
        answer = connection.getresponse()
        body = answer.read()
        assert (answer.status, answer.headers["Content-Encoding"]) == (200, "br")
        assert brotli.decompress(body) == (static_files.FOLDER / name).read_bytes()
    connection.close()
    stream = EventStream(doorbell.url + "/stream", doorbell.cookie(user))
    assert stream.until("hello")
    assert stream.response.headers["Connection"] == "close"
    assert "Transfer-Encoding" not in stream.response.headers, "a generator's response would be chunked"
