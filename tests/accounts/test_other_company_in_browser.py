"""A browser whose user belongs to another company than the link it opens, with the role of the web processes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from webapp import create_app
from webapp.accounts import sessions

from ..conftest import config_for
from ..support.browser import Person, soup
from ..support.invitations import accept, invite, words
from ..support.process_urls import ProcessUrls
from ..support.two_step import PASSWORD, password_hash
from ..support.wait import eventually
from ..support.world import Service, World

Link = Callable[[str], str]


@pytest.fixture
def app(service: Service, process_urls: ProcessUrls, tmp_path: Path) -> Flask:
    """With a folder of mails."""
    return create_app(config_for(service, DATABASE_URL=process_urls.web, MAIL_FOLDER=str(tmp_path)))


@pytest.fixture
def zed(app: Flask, world: World) -> Person:
    """Zed of the company Zero, signed in."""
    return Person(app, world.user(world.tenant("zero"), "Zed Zero", role="admin"))


@pytest.fixture
def tenant(world: World, zed: Person) -> int:
    return world.tenant("one")


@pytest.fixture
def link(tmp_path: Path) -> Link:
    """The path of the link in the only mail, by its beginning."""

    def find(beginning: str) -> str:
        texts = " ".join(mail.read_text().replace("=\n", "") for mail in tmp_path.glob("*.eml"))
        found = re.search(beginning + r"[\w-]{43}", texts)
        return found.group() if found else ""

    return lambda beginning: eventually(lambda: find(beginning))


def test_an_invitation_of_another_company_is_accepted(
    app: Flask, world: World, zed: Person, tenant: int, link: Link
) -> None:
    invite(Person(app, world.user(tenant, "Ada Admin", role="admin")))
    path = link("/invitation/")
    with zed.client.session_transaction() as session:
        former = session[sessions.ID]
    refused = accept(zed, path, name="")
    assert (refused.status_code, "Enter your name." in words(refused)) == (422, True)
    assert accept(zed, path).location == "/"
    with zed.client.session_transaction() as session:
        assert session["_user_id"] != "1"
    assert [str(row[0]) for row in world.conn.execute("SELECT id FROM ended_sessions")] == [former]
    found = world.conn.execute("SELECT tenant_id, kind, actor_name FROM audit_log ORDER BY id").fetchall()
    assert found[-3:] == [
        (tenant, "invitation_accepted", "Zoë Ångström"),
        (tenant - 1, "sign_out", "Zed Zero"),
        (tenant, "sign_in", "Zoë Ångström"),
    ]


def test_a_link_for_a_new_password_of_another_company_works(
    app: Flask, world: World, zed: Person, tenant: int, link: Link
) -> None:
    ana = world.user(tenant, "Ana Silva", password_hash=password_hash())
    email = str(world.conn.execute("SELECT email FROM users WHERE id = %s", [ana]).fetchall()[0][0])
    assert Person(app).post("/password-reset", {"email": email}).status_code == 303

    assert zed.get(link("/password-reset/")).location == "/password-reset/new"
    page = soup(zed.get("/password-reset/new"))
    assert page.select_one(f"input[name=username][value='{email}']")
    new = "a lovely new staple"
    assert zed.send(page, "/password-reset/new", password="short", repeated="short").status_code == 422
    assert zed.send(page, "/password-reset/new", password=new, repeated=new).location == "/sign-in"
    assert zed.get("/orders").status_code == 303, "this browser is signed out"
    assert Person(app).post("/sign-in", {"email": email, "password": PASSWORD}).status_code == 422
    assert Person(app).post("/sign-in", {"email": email, "password": new}).location == "/"
