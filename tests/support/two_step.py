"""A user with a password and an authenticator app, at the pages."""

from __future__ import annotations

from functools import cache
from typing import Any

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from webapp.accounts import passwords
from webapp.services import services

from .browser import soup
from .world import World

PASSWORD = "correct horse battery"


@cache
def password_hash() -> str:
    return passwords.hash_password(PASSWORD)


class Clock:
    """The clock of codes; `step` goes on to the next code."""

    def __init__(self, app: Flask, now: float = 1_800_000_000.0) -> None:
        self.now = now
        self.slept: list[float] = []
        services(app).second_factors.clock = lambda: self.now
        services(app).second_factors.limit.waiting_room._sleep = self.slept.append

    def step(self, steps: int = 1) -> None:
        self.now += 30 * steps


class Visitor:
    """A browser of one user. `secret` is of the authenticator app, "" before its set-up."""

    def __init__(self, app: Flask, clock: Clock, email: str, secret: str = "") -> None:
        self.app, self.clock, self.email, self.secret = app, clock, email, secret
        self.client: FlaskClient = app.test_client()

    def another(self) -> Visitor:
        """The same user in another browser."""
        return Visitor(self.app, self.clock, self.email, self.secret)

    def code(self, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(int(self.clock.now) + 30 * steps)

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, **data: str) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token()} | data)

    def send(self, path: str, body: Any) -> TestResponse:
        """JSON, as the scripts send it."""
        return self.client.post(path, json=body, headers={"X-CSRFToken": self.token()})

    def options(self, path: str) -> dict[str, Any]:
        """The JSON with which a browser asks for a passkey."""
        answer = self.send(path, {})
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def token(self) -> str:
        for page in ("/sign-in", "/settings/security/two-step"):
            found = soup(self.client.get(page)).select_one("meta[name=csrf-token]")
            if found:
                return str(found["content"])
        raise AssertionError("no page has a token")

    def enter_password(self, password: str = PASSWORD) -> TestResponse:
        return self.post("/sign-in", email=self.email, password=password)

    def enter_code(self, code: str | None = None) -> TestResponse:
        return self.post("/sign-in/second-factor", code=self.code() if code is None else code)

    def is_signed_in(self) -> bool:
        return self.client.get("/orders").status_code == 200

    def set_up_app(self) -> list[str]:
        """Turn on an authenticator app. Returns the recovery codes."""
        self.post("/settings/security/two-step/app")
        page = soup(self.get("/settings/security/two-step/app"))
        secret = page.select_one("#secret")
        assert secret is not None, page
        self.secret = str(secret["title"])
        answer = self.post("/settings/security/two-step/app/code", code=self.code())
        assert answer.status_code == 200, answer.text
        self.clock.step()
        return codes_on(answer)

    def sign_in(self) -> None:
        self.enter_password()
        if self.secret:
            self.enter_code()
            self.clock.step()
        assert self.is_signed_in()


def codes_on(answer: TestResponse) -> list[str]:
    found = soup(answer).select_one("#codes")
    return found.get_text().split() if found else []


def visitor(app: Flask, world: World, clock: Clock, name: str = "Ana Silva", **columns: Any) -> Visitor:
    """A new user with PASSWORD, not signed in."""
    tenant = columns.pop("tenant", None) or world.tenant()
    user = world.user(tenant, name, password_hash=password_hash(), **columns)
    row = world.conn.execute("SELECT email FROM users WHERE id = %s", [user]).fetchone()
    assert row is not None
    return Visitor(app, clock, row[0])
