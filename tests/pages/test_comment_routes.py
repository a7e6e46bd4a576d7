"""Comments on an order's page: the form, its faults, deleting, and the live part."""

from __future__ import annotations

import pytest
from bs4 import Tag

from webapp.comments.limit import MAX_COMMENTS

from ..support.browser import Person, soup
from ..support.world import World

pytestmark = pytest.mark.web_role


@pytest.fixture
def order(world: World, ana: Person, tenant: int) -> int:
    """Order 7 of Ana."""
    owner = world.conn.execute("SELECT id FROM users WHERE name = 'Ana Silva'").fetchone()
    assert owner is not None
    return world.order(tenant, number="7", owner_id=owner[0])


def texts(person: Person) -> list[str]:
    return [text.get_text() for text in person.page("/orders/7").select(".comment-text")]


def test_a_comment_leads_back_to_itself_and_a_second_click_writes_no_second_one(ana: Person, order: int) -> None:
    page = ana.page("/orders/7")
    for _ in range(2):
        response = ana.send(page, "/orders/7/comments", comment="Call <b>them</b>\n@Unknown")
        assert response.status_code == 303
        assert response.location.startswith("/orders/7#comment-")
    assert texts(ana) == ["Call <b>them</b>\n@Unknown"]
    assert "Ana Silva commented" in ana.page("/orders/7").select_one("#order-activity li").get_text()  # type: ignore[union-attr]


def test_a_mention_is_in_the_inbox_of_the_colleague(ana: Person, mia: Person, order: int) -> None:
    ana.send(ana.page("/orders/7"), "/orders/7/comments", comment="@Mia Manager please")
    assert "You were mentioned on order 7" in mia.page("/inbox").get_text(" ", strip=True).replace("  ", " ")
    assert mia.page("/orders/7").select_one(".comment-mention").get_text() == "@Mia Manager"  # type: ignore[union-attr]


@pytest.mark.parametrize(("text", "reason"), [("  ", "is empty"), ("x" * 2001, "2,001 characters; at most 2,000")])
def test_a_refused_comment_keeps_its_text_and_has_the_reason_at_the_field(
    ana: Person, world: World, order: int, text: str, reason: str
) -> None:
    response = ana.send(ana.page("/orders/7"), "/orders/7/comments", comment=text)
    assert response.status_code == 422
    field = soup(response).select_one("#comment")
    problem = soup(response).select_one("#comment-errors")
    assert isinstance(field, Tag)
    assert isinstance(problem, Tag)
    assert field.get_text().strip() == text.strip()
    assert "comment-errors" in str(field["aria-describedby"])
    assert reason in problem.get_text()
    assert [event["type"] for event in world.events()] == ["placed"]


def test_a_script_that_writes_comments_is_slowed_down(ana: Person, order: int) -> None:
    for number in range(MAX_COMMENTS):
        assert ana.post("/orders/7/comments", {"comment": f"Comment {number}"}).status_code == 303
    refused = ana.post("/orders/7/comments", {"comment": "One more"})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert "One more" in refused.text
    assert len(texts(ana)) == MAX_COMMENTS


def test_the_author_and_managers_have_a_button_that_deletes(
    ana: Person, mia: Person, world: World, tenant: int, order: int, app: object
) -> None:
    ana.send(ana.page("/orders/7"), "/orders/7/comments", comment="Mine")
    mia.send(mia.page("/orders/7"), "/orders/7/comments", comment="Theirs")
    assert len(ana.page("/orders/7").select("form.comment-delete")) == 1
    (mine, theirs) = (str(form["action"]) for form in mia.page("/orders/7").select("form.comment-delete"))
    assert ana.post(theirs).status_code == 403
    page = ana.page("/orders/7")
    assert ana.send(page, mine).status_code == 303
    again = ana.post(mine)
    assert again.status_code == 409
    assert "already deleted" in again.text
    assert texts(ana) == ["Theirs"]


def test_the_live_part_equals_the_page_and_is_304_when_nothing_changed(ana: Person, order: int) -> None:
    ana.send(ana.page("/orders/7"), "/orders/7/comments", comment="Hello")
    painted = ana.page("/orders/7").select_one("#comments")
    assert painted is not None
    first = ana.get(str(painted["hx-get"]))
    assert "Hello" in first.text
    assert ana.get(str(painted["hx-get"]), headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_colleagues_of_the_form_are_the_active_team_without_the_writer(
    ana: Person, mia: Person, world: World, tenant: int, order: int
) -> None:
    world.user(tenant, "Gone Away", disabled_at="2026-01-01")
    world.user(world.tenant("other"), "Eve Moreau")
    assert [option["data-insert"] for option in ana.page("/orders/7").select("[role=option]")] == ["Mia Manager"]
