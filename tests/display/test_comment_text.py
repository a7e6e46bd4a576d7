"""The text of a comment as HTML: nothing in it is executed."""

from __future__ import annotations

import pytest

from webapp.comments.mentions import Colleague, find
from webapp.display.comment_text import comment_html


@pytest.mark.parametrize(
    ("written", "links"),
    [
        ("See https://example.com/a?b=1&c=2.", ["https://example.com/a?b=1&amp;c=2"]),
        ("(https://example.com/a_(b)) and HTTP://x.example", ["https://example.com/a_(b)", "HTTP://x.example"]),
        ("javascript:alert(1) data:text/html,x ftp://x //x", []),
        ('https://x.example/"onmouseover="alert(1)', ["https://x.example/"]),
    ],
)
def test_only_web_addresses_become_links(written: str, links: list[str]) -> None:
    html = str(comment_html(written))
    assert html.count("<a ") == len(links)
    for link in links:
        assert f'<a href="{link}" rel="nofollow noopener noreferrer">{link}</a>' in html


def test_tags_and_quotes_are_escaped_also_beside_mentions_and_links() -> None:
    written = '<script>alert(1)</script> @<b>Ana</b> @Ana <img src=x onerror="x"> https://x.example/<i>'
    html = str(comment_html(written, find(written, [Colleague(1, "Ana", "a@example.com")])))
    assert "<script" not in html
    assert "<img" not in html
    assert "<i>" not in html
    assert '<strong class="comment-mention">@Ana</strong>' in html
    assert "&lt;script&gt;" in html


def test_line_breaks_and_blanks_stay_as_they_were_written() -> None:
    assert str(comment_html("one\n  two")) == "one\n  two"
