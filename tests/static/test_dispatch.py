"""dispatch.js: topics reach their panels, orders the panels that show them, and a pause holds them back."""

from __future__ import annotations

import pytest

from .conftest import Scripts

pytestmark = pytest.mark.browser


@pytest.fixture
def board(scripts: Scripts) -> Scripts:
    scripts.show(revenue="revenue day", history="rollups day", recent="orders", tile="orders revenue")
    scripts.run("state.js", "state.set({ connected: true })")
    return scripts


def apply(scripts: Scripts, topic: str, **data: object) -> list[str]:
    """The panels that a signal refetches."""
    scripts.run("dispatch.js", "dispatch.apply(given.topic, given.data)", {"topic": topic, "data": data})
    return scripts.refetched()


def show_named_orders(scripts: Scripts, *ids: int) -> None:
    """The page of an inbox or an order: it concerns the orders that it shows."""
    rows = "".join(f'<i data-order="{order}"></i>' for order in ids)
    scripts.show(inbox_page=f"inbox orders | {rows}")
    scripts.page.evaluate("document.getElementById('inbox_page').dataset.namedOrders = ''")


@pytest.mark.parametrize(
    ("topic", "panels"),
    [
        ("revenue", ["revenue", "tile"]),
        ("orders", ["recent", "tile"]),
        ("rollups", ["history"]),
        ("day", ["revenue", "history", "aside"]),
        ("rev", []),
    ],
)
def test_a_topic_refetches_the_panels_that_list_it(board: Scripts, topic: str, panels: list[str]) -> None:
    assert apply(board, topic, at=1) == panels


def test_a_resync_refetches_every_panel(board: Scripts) -> None:
    assert apply(board, "resync") == ["revenue", "history", "recent", "tile", "aside"]


def test_a_handler_gets_the_data_and_refetches_its_panel_itself(board: Scripts) -> None:
    body = """
        window.handled = [];
        dispatch.onTopic("orders", (data) => {
            window.handled.push(data);
            return document.getElementById("recent");
        });
    """
    board.run("dispatch.js", body)
    assert apply(board, "orders", ids=[7], at=1) == ["tile"]
    assert apply(board, "resync") == ["revenue", "history", "tile", "aside"]
    assert board.page.evaluate("window.handled") == [{"ids": [7], "at": 1}, {"ids": None}]


def test_a_resync_calls_the_handlers_of_other_topics_too(board: Scripts) -> None:
    body = "for (const topic of ['inbox', 'minute']) dispatch.onTopic(topic, () => { window.handled.push(topic); });"
    board.run("dispatch.js", f"window.handled = []; {body}")
    apply(board, "resync")
    assert board.page.evaluate("window.handled") == ["inbox"], "the minute's handler belongs to the list of orders"


def test_a_panel_of_named_orders_is_refetched_only_for_orders_that_it_shows(scripts: Scripts) -> None:
    show_named_orders(scripts, 7, 8)
    assert apply(scripts, "orders", ids=[9, 10]) == []
    assert apply(scripts, "orders", ids=[9, 8]) == ["inbox_page"]


def test_a_panel_of_named_orders_is_refetched_when_a_signal_names_none(scripts: Scripts) -> None:
    show_named_orders(scripts, 7)
    assert apply(scripts, "orders", ids=None) == ["inbox_page"]
    assert apply(scripts, "inbox") == ["inbox_page"]


def test_a_pause_holds_refetches_back_and_a_resume_sends_each_once(board: Scripts) -> None:
    board.page.locator("#pause").click()
    assert apply(board, "revenue") == []
    assert apply(board, "revenue") == []
    assert apply(board, "rollups") == []
    board.page.locator("#pause").click()
    assert sorted(board.refetched()) == ["history", "revenue", "tile"]
    board.page.locator("#pause").click()
    board.page.locator("#pause").click()
    assert board.refetched() == [], "the next pause begins without them"


def test_a_change_in_a_pause_does_not_count_for_the_latency(board: Scripts) -> None:
    oldest = "return latency.takeOldestChange([document.getElementById('history')])"
    board.page.locator("#pause").click()
    apply(board, "rollups", at=1_000)
    assert board.run("latency.js", oldest) is None
    board.page.locator("#pause").click()
    apply(board, "rollups", at=2_000)
    assert board.run("latency.js", oldest) == 2_000


def test_gathered_panels_of_the_board_are_returned_once_and_not_refetched(board: Scripts) -> None:
    body = """
        const panels = dispatch.gather(() => {
            for (const topic of ["day", "revenue"]) dispatch.apply(topic, {});
        });
        return panels.map((panel) => panel.id);
    """
    assert board.run("dispatch.js", body) == ["revenue", "history", "tile"]
    assert board.refetched() == ["aside"], "it is not on the board"
    assert apply(board, "rollups") == ["history"], "the gathering is over"
