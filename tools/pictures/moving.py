"""docs/live.png: SQL is typed in psql, and the board above it changes. Real statements, run by a real psql.

Typing is staged, at a readable speed. The frames after a statement are screenshots of the board with the times at which they
were taken.
"""

from __future__ import annotations

import html
import time
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from .demo import Demo
from .images import save_moving

WIDTH, BOARD_HEIGHT, TERMINAL_HEIGHT = 1120, 690, 176
PROMPT = "doorbell=# "
KEYS, KEY_MS = 4, 90  # characters per frame
READ_MS = 900  # before Enter
AFTER_MS = 3_400  # filmed after each statement
END_MS = 2_200
SHOWN_LINES = 5  # of the terminal
Frame = tuple[Image.Image, int]


class Film:
    """The board and the terminal, and the frames so far."""

    def __init__(self, board: Page, terminal: Page) -> None:
        self._board, self._terminal = board, terminal
        self._lines: list[str] = []
        self.frames: list[Frame] = []
        self._board_image = _image(board)
        self.show("", READ_MS)

    def show(self, typed: str, ms: int) -> None:
        """A frame with the board as it last was."""
        self.frames.append((self._composed(typed), ms))

    def run(self, demo: Demo, statement: str) -> None:
        for end in range(KEYS, len(statement) + KEYS, KEYS):
            self.show(statement[:end], KEY_MS)
        self.show(statement, READ_MS)
        answer = demo.psql(statement)
        self._lines += [PROMPT + statement, answer]
        self._record(AFTER_MS)

    def _record(self, duration_ms: int) -> None:
        """Screenshots of the board, as fast as the browser makes them."""
        began = at = time.monotonic()
        while (at - began) * 1000 < duration_ms:
            image = self._composed("")
            self._board_image = _image(self._board)
            now = time.monotonic()
            self.frames.append((image, max(20, round((now - at) * 1000))))
            at = now

    def _composed(self, typed: str) -> Image.Image:
        lines = [*self._lines, PROMPT + typed][-SHOWN_LINES:]
        text = "\n".join(html.escape(line).replace(PROMPT.strip(), f"<b>{PROMPT.strip()}</b>", 1) for line in lines)
        self._terminal.locator("#screen").evaluate("(screen, text) => { screen.innerHTML = text + '<u></u>' }", text)
        frame = Image.new("RGB", (WIDTH, BOARD_HEIGHT + TERMINAL_HEIGHT))
        frame.paste(self._board_image, (0, 0))
        frame.paste(_image(self._terminal), (0, BOARD_HEIGHT))
        return frame


def take(browser: Browser, demo: Demo) -> None:
    board = browser.new_page(viewport={"width": WIDTH, "height": BOARD_HEIGHT}, color_scheme="light", locale="en-GB")
    board.goto(demo.address + "/demo")
    expect(board.locator("#live-label")).to_have_text("Live", timeout=30_000)
    terminal = browser.new_page(viewport={"width": WIDTH, "height": TERMINAL_HEIGHT})
    terminal.set_content((Path(__file__).parent / "terminal.html").read_text())
    board.mouse.move(0, 0)
    board.evaluate("window.scrollTo(0, 0)")
    film = Film(board, terminal)
    number = demo.value("SELECT number FROM orders WHERE status = 'placed' ORDER BY placed_at DESC, id DESC LIMIT 1")
    film.run(demo, f"UPDATE orders SET paid_at = now() WHERE number = '{number}';")
    expect(board.locator("#recent_orders tr", has_text=number).first).to_contain_text("paid")
    tenant = demo.value("SELECT id FROM tenants WHERE slug = 'demo'")
    columns, values = (
        "tenant_id, number, customer, currency, total_minor",
        f"{tenant}, 'SHOP-1', 'Hotel Adler', 'EUR', 129000",
    )
    film.run(demo, f"INSERT INTO orders ({columns}) VALUES ({values});")
    expect(board.locator("#recent_orders tr", has_text="SHOP-1").first).to_be_visible()
    film.show("", END_MS)
    save_moving(film.frames, "live")


def _image(page: Page) -> Image.Image:
    return Image.open(BytesIO(page.screenshot())).convert("RGB")
