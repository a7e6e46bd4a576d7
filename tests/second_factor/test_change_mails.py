"""A mail tells the user that the two-step sign-in changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.services import services

from ..support.mail_server import MailServer, mail_server, text_of
from ..support.two_step import Clock, Visitor, visitor
from ..support.web_app import Web
from ..support.world import Service, World

pytestmark = pytest.mark.web_role

PAGE = "/settings/security/two-step"
SUBJECT = "Your Doorbell two-step sign-in was changed"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as started:
        yield started


@pytest.fixture
def web(service: Service, server: MailServer) -> Iterator[Web]:
    web = Web(service, **server.settings)
    yield web
    services(web.app).mail.close()


@pytest.fixture
def ana(web: Web, world: World) -> Visitor:
    ana = visitor(web.app, world, Clock(web.app), email="ana@example.com")
    ana.sign_in()
    return ana


def says(server: MailServer, number: int, *texts: str) -> None:
    mail = server.newest(number)
    assert (mail["To"], mail["Subject"]) == ("ana@example.com", SUBJECT)
    for text in texts:
        assert text in text_of(mail)


def test_each_change_by_the_user_is_mailed_with_its_address(server: MailServer, ana: Visitor) -> None:
    ana.set_up_app()
    says(server, 1, "Second factor turned on", "127.0.0.1", "https://bell.example.com/password-reset")
    ana.post(f"{PAGE}/recovery-codes")
    says(server, 2, "Recovery codes renewed")
    ana.post(f"{PAGE}/app/removal")
    says(server, 3, "Second factor turned off")
    ana.post(f"{PAGE}/app/removal")
    ana.post(f"{PAGE}/recovery-codes")
    services(ana.app).mail.close()
    assert len(server.mails) == 3, "what changed nothing is not mailed"


def test_a_reset_by_an_admin_is_mailed_without_the_admins_address(
    web: Web, server: MailServer, ana: Visitor, world: World
) -> None:
    ana.set_up_app()
    ida = visitor(web.app, world, ana.clock, "Ida Admin", tenant=1, role="admin")
    ida.sign_in()
    (ana_id,) = world.conn.execute("SELECT id FROM users WHERE email = 'ana@example.com'").fetchone() or (0,)
    ida.post(f"/settings/users/{ana_id}/second-factor/reset")
    says(server, 2, "Second factor turned off", "Address: –")
