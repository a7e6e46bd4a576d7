"""An app that stands for one of several web processes, and the cookie of a signed-in person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from webapp import create_app
from webapp.services import services

from ..conftest import config_for
from .browser import Person
from .world import Service


class Web:
    """One of several apps on the same database, which stand for web processes. The test moves its clock."""

    def __init__(self, service: Service, **changes: str) -> None:
        self.app = create_app(config_for(service, **changes))
        self.users = services(self.app).users
        self.hub = services(self.app).hub
        self.seconds = 1_000.0
        self.users.clock = lambda: self.seconds

    def sees(self, cookie: str) -> int:
        return self.new_client().get("/panels/revenue", headers={"Cookie": cookie}).status_code

    def stream(self, cookie: str) -> Iterator[bytes]:
        """The frames of a stream after its greeting."""
        response = self.new_client().get("/stream", buffered=False, headers={"Cookie": cookie}).response
        frames = iter(cast(Iterator[bytes], response))
        assert b"event: hello" in next(frames)
        return frames

    def new_client(self) -> FlaskClient:
        return self.app.test_client(use_cookies=False)

    def pays(self, cookie: str, token: str) -> TestResponse:
        data = {"csrf_token": token}
        return self.new_client().post("/orders/A1/payment", data=data, headers={"Cookie": cookie})

    def writes(self, cookie: str, token: str) -> bool:
        return self.pays(cookie, token).location != "/sign-in"

    def looks(self) -> None:
        """The look at all streams that the rounds have every 50 s."""
        self.hub._close_revoked()


def cookie_of(person: Person) -> str:
    kept = person.client.get_cookie("session")
    assert kept is not None
    return f"session={kept.value}"
