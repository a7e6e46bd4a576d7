"""Style sheets, scripts and icons, compressed once per process and cached by browsers for ever.

Their addresses begin with a digest of all files, /static/<digest>/page.js. So one changed file changes all addresses, and the
relative imports between scripts need no rewriting. WhiteNoise serves the files from a directory of this process, because the
source tree may be read-only. Other requests pass through unchanged: /stream needs gunicorn's own start_response
(server/hijack.py).
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar, cast
from wsgiref.headers import Headers

from flask import Flask
from whitenoise import WhiteNoise
from whitenoise.compress import Compressor

from ..observability.metrics import web as metrics
from . import security_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FOLDER = Path(__file__).parents[1] / "static"
SUFFIXES = (".css", ".js", ".svg", ".png")
PREFIX = "/static/"
DIGEST_CHARS = 16  # of SHA-256 in hexadecimal
DIGEST = re.compile(rf"^{PREFIX}[0-9a-f]{{{DIGEST_CHARS}}}/")
FOR_EVER = "public, max-age=31536000, immutable"
# Browsers keep the file, and revalidate it at each use.
REVALIDATE = "public, no-cache"

_building = threading.Lock()

T = TypeVar("T")


@cache
def version() -> str:
    """The digest of all files and their names."""
    digest = hashlib.sha256()
    for file in _files():
        content = file.read_bytes()
        digest.update(f"{file.relative_to(FOLDER)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:DIGEST_CHARS]


def _files() -> list[Path]:
    return sorted(file for file in FOLDER.rglob("*") if file.suffix in SUFFIXES)


@cache
def _built() -> tempfile.TemporaryDirectory[str]:
    """A directory with copies of the files, each with its .br and .gz. It is removed when the process ends."""
    directory = tempfile.TemporaryDirectory(prefix="doorbell-static-")
    compressor = Compressor(quiet=True)
    for file in _files():
        copy = Path(directory.name) / file.relative_to(FOLDER)
        copy.parent.mkdir(exist_ok=True)
        shutil.copy2(file, copy)
        compressor.compress(str(copy))
    return directory


def _in_thread(build: Callable[[], T]) -> T:
    """Call `build` so that under gevent other requests run meanwhile: the compressors release Python's lock."""
    gevent: Any = sys.modules.get("gevent")
    if gevent is None or not gevent.monkey.is_module_patched("threading"):
        return build()
    return cast(T, gevent.get_hub().threadpool.apply(build))


class StaticFiles(WhiteNoise):
    """A WSGI application in front of another. `prepare` compresses the files: at the first request for one, or earlier."""

    def __init__(self, app: Flask, behind: WSGIApplication) -> None:
        self._security = security_headers.headers(app)
        super().__init__(behind, allow_all_origins=False, add_headers_function=self._add_headers)

    def prepare(self) -> None:
        with _building:
            if self.files:
                return
            directory = _in_thread(_built).name
            self.add_files(directory, PREFIX)
            self.add_files(directory, f"{PREFIX}{version()}/")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        if not path.startswith(PREFIX) or method not in ("GET", "HEAD"):
            return self.application(environ, start_response)
        began = perf_counter()
        self.prepare()
        # During a deploy, a page of another version gets this version's file, without a long cache time.
        found = self.files.get(path) or self.files.get(DIGEST.sub(PREFIX, path))
        if found is None:
            return self.application(environ, start_response)

        def start_and_count(status: str, headers: list[tuple[str, str]]) -> None:
            metrics.count("static", method, int(status[:3]), began)
            start_response(status, headers)

        answer: Iterable[bytes] = self.serve(found, environ, start_and_count)
        return answer

    def _add_headers(self, headers: Headers, path: str, url: str) -> None:
        headers["Cache-Control"] = FOR_EVER if DIGEST.match(url) else REVALIDATE
        content = Path(path).read_bytes()
        headers["ETag"] = f'"{hashlib.sha256(content).hexdigest()[:DIGEST_CHARS]}"'
        for name, value in self._security.items():
            headers[name] = value


_EXTENSION = "doorbell_static"


def prepare(app: Flask) -> None:
    """Compress the files, so that the first page need not wait for them."""
    files: StaticFiles | None = app.extensions.get(_EXTENSION)
    if files is not None:
        files.prepare()


def init_app(app: Flask) -> None:
    """In debug mode Flask's own route serves the files from the source tree instead."""
    if not app.debug:
        files = StaticFiles(app, app.wsgi_app)
        app.extensions[_EXTENSION] = files
        app.wsgi_app = files  # type: ignore[method-assign]
