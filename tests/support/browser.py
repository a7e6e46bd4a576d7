"""A signed-in person at the pages, without a browser: reads forms as a browser would and sends them."""

from __future__ import annotations

import time
from typing import Any

from bs4 import BeautifulSoup, Tag
from flask import Flask
from werkzeug.test import TestResponse

from webapp.accounts import sessions


class Person:
    """`client` is Flask's test client with the person's session cookie. Without a `user_id` nobody is signed in."""

    def __init__(self, app: Flask, user_id: int | None = None) -> None:
        self.client = app.test_client()
        if user_id is not None:
            with self.client.session_transaction() as session:
                session.update(_user_id=str(user_id), _fresh=True, **sessions.new(3600))

    def check(self) -> None:
        """Note that the person has entered the password a moment ago."""
        with self.client.session_transaction() as session:
            session["_checked"] = int(time.time())

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **options)

    def page(self, path: str, status: int = 200) -> BeautifulSoup:
        response = self.get(path)
        assert response.status_code == status, response.text
        return soup(response)

    def csrf_token(self) -> str:
        found = self.page("/sign-in" if not self._signed_in() else "/settings/profile").select_one(
            "input[name=csrf_token]"
        )
        assert found is not None
        return str(found["value"])

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form as its page would, with a valid CSRF token."""
        return self.client.post(path, data={"csrf_token": self.csrf_token()} | (data or {}), **options)

    def send(self, page: BeautifulSoup, action: str, **changes: str) -> TestResponse:
        """Send the form of `page` with this `action`, its fields as they stand but for `changes`."""
        form = page.select_one(f'form[action="{action}"]')
        assert form is not None, f"no form {action} on the page"
        return self.client.post(action, data=fields(form) | changes)

    def _signed_in(self) -> bool:
        with self.client.session_transaction() as session:
            return "_user_id" in session


def soup(response: TestResponse) -> BeautifulSoup:
    return BeautifulSoup(response.text, "html.parser")


def fields(form: Tag) -> dict[str, str]:
    found = {str(one["name"]): str(one.get("value", "")) for one in form.select("input[name]")}
    for select in form.select("select[name]"):
        chosen = select.select_one("option[selected]") or select.select_one("option")
        found[str(select["name"])] = str(chosen["value"]) if chosen else ""
    return found


def broken_view(**_arguments: object) -> str:
    """A view with a fault of the program."""
    raise ZeroDivisionError
