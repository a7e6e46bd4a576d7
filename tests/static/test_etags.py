"""etags.js: the headers of a request for one panel and for a batch, which the server's own code reads and writes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from markupsafe import Markup

from webapp.panels.render import Render
from webapp.routes import panel_batch

from .conftest import Scripts

pytestmark = pytest.mark.browser

REMEMBER = """
    const panels = given.names.map((name) => document.getElementById(name));
    const answer = new Headers({ "Doorbell-Panels": given.header });
    const found = etags.etagsOfBatch(answer);
    for (const panel of panels) etags.remember(panel, found.get(panel.id));
    return [Object.fromEntries(found), etags.headersOfBatch(panels)["Doorbell-Panels"]];
"""


def renders(**texts: str) -> dict[str, Render]:
    """A render of each panel; its text is its ETag too."""
    now = datetime.now(UTC)
    return {name: Render(Markup(text), text.encode(), text, now, "10:00:00") for name, text in texts.items()}  # noqa: S704


def test_a_request_for_a_panel_without_an_etag_has_no_header(scripts: Scripts) -> None:
    assert scripts.run("etags.js", "return etags.headersOfOne(document.body)") == {}


def test_a_request_for_one_panel_has_the_etag_that_it_shows(scripts: Scripts) -> None:
    body = """
        etags.remember(document.body, '"first"');
        etags.remember(document.body, '"second"');
        return [etags.headersOfOne(document.body), etags.headersOfOne(document.head)];
    """
    assert scripts.run("etags.js", body) == [{"If-None-Match": '"second"'}, {}]


def test_after_a_response_without_an_etag_none_is_sent(scripts: Scripts) -> None:
    body = """
        etags.remember(document.body, '"first"');
        etags.remember(document.body, null);
        return etags.headersOfOne(document.body);
    """
    assert scripts.run("etags.js", body) == {}


def test_a_batch_names_only_the_panels_with_an_etag(scripts: Scripts) -> None:
    scripts.show(revenue="revenue", history="rollups", salespeople="revenue")
    given = {"names": ["revenue", "history", "salespeople"], "header": 'revenue="a1", salespeople="b2"'}
    found, sent = scripts.run("etags.js", REMEMBER, given)
    assert found == {"revenue": '"a1"', "salespeople": '"b2"'}
    assert sent == 'revenue="a1", salespeople="b2"'


def test_the_server_leaves_out_the_panels_that_the_page_shows(scripts: Scripts) -> None:
    scripts.show(revenue="revenue", orders_today="placed")
    shown = panel_batch.build(renders(revenue="10", orders_today="3"), known="")
    _, sent = scripts.run("etags.js", REMEMBER, {"names": ["revenue", "orders_today"], "header": shown.etags})
    answer = panel_batch.build(renders(revenue="10", orders_today="4"), known=sent).body
    assert b'id="orders_today"' in answer
    assert b'id="revenue"' not in answer


def test_a_response_without_the_header_has_no_panel(scripts: Scripts) -> None:
    assert scripts.run("etags.js", "return etags.etagsOfBatch(new Headers()).size") == 0
