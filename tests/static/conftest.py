"""Single scripts in a real Chromium: the app's static route serves them to a page of the elements that they use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from webapp import create_app
from webapp.server import static_files

from ..conftest import config_for
from ..support.world import Service

# 26 November 2026, 10:00 UTC. A test moves the page's clock from there.
START_SECONDS = 1_795_687_200
START_MS = START_SECONDS * 1_000
FRAME = """
<section data-frame="{name}">
<div id="{name}" data-topics="{topics}">{content}</div>
<p><span class="as-of-label">as of</span> <span class="as-of-time">10:00:00</span></p>
</section>
"""
PAGE = """
<!doctype html>
<script src="{static}/vendor/htmx.min.js"></script>
<div id="live-state" data-state="connecting"><span id="live-label">Connecting</span></div>
<button id="pause" data-paused="false"><span class="pause-label">Pause</span></button>
<div id="page-clock" data-pace="0" data-jitter="0"></div>
<div id="live"></div><div id="announcer"></div><div id="live-announcer"></div>
<div id="board">{frames}</div>
<div id="aside" data-topics="day"></div>
"""


class Scripts:
    """A page in which `run` calls a script's exports. Its clock stands still, and its elements record their refetches."""

    def __init__(self, page: Page, static: str) -> None:
        self.page, self._static = page, static

    def show(self, **panels: str) -> Scripts:
        """Frames on the board: id="topics", or id="topics | content"."""
        frames = ""
        for name, given in panels.items():
            topics, _, content = given.partition(" | ")
            frames += FRAME.format(name=name, topics=topics, content=content)
        self.page.set_content(PAGE.format(static=self._static, frames=frames))
        self.page.evaluate("""() => {
            window.refetched = [];
            document.addEventListener("refetch", (event) => window.refetched.push(event.target.id), true);
        }""")
        return self

    def run(self, script: str, body: str, given: Any = None) -> Any:
        """The value that `body` returns; in it `script` is the object of its exports."""
        name = script.removesuffix(".js")
        load = f"const {name} = await import('{self._static}/{script}');"
        return self.page.evaluate(f"async (given) => {{ {load} {body} }}", given)

    def pass_time(self, ms: int) -> None:
        self.page.clock.run_for(ms)

    def refetched(self) -> list[str]:
        """The panels that were refetched since the last call, in their order."""
        found: list[str] = self.page.evaluate("window.refetched.splice(0)")
        return found

    def fix_random(self, value: float) -> None:
        self.page.evaluate("value => { Math.random = () => value }", value)


@pytest.fixture(scope="package")
def address() -> Iterator[str]:
    """The address of the app without its services: it serves static files without them."""
    unused = Service("postgresql://doorbell@127.0.0.1:1/doorbell", "redis://127.0.0.1:1/0")
    server = make_server("127.0.0.1", 0, create_app(config_for(unused)), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def scripts(chromium: Browser, address: str) -> Iterator[Scripts]:
    context = chromium.new_context()
    page = context.new_page()
    page.clock.install(time=START_SECONDS)
    page.goto(f"{address}/healthz")
    page.clock.pause_at(START_SECONDS + 60)
    yield Scripts(page, f"{address}{static_files.PREFIX}{static_files.version()}").show()
    context.close()
