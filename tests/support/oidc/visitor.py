"""A person at Doorbell and at the provider, without a browser: follows the way that the pages lead."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from bs4 import BeautifulSoup
from flask import Flask
from werkzeug.test import TestResponse

from ..browser import Person, soup

ASK = "/sign-in/single-sign-on"


class Visitor(Person):
    """Signed out at first, with the cookies of two sites: `client` has Doorbell's, `there` the provider's."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self.there = requests.Session()

    def begin(self, email: str, **fields: Any) -> TestResponse:
        """Send the form with the e-mail address."""
        return self.client.post(ASK, data={"csrf_token": self.csrf_token(), "email": email} | fields)

    def provider_url(self, email: str, **fields: Any) -> str:
        """The address to which Doorbell leads."""
        response = self.begin(email, **fields)
        assert response.status_code == 200, response.text
        refresh = soup(response).select_one("meta[http-equiv=refresh]")
        assert refresh is not None
        return str(refresh["content"]).removeprefix("0;url=")

    def answer_url(self, email: str, login: str | None = None, **fields: Any) -> str:
        """The address at Doorbell to which the provider leads after a sign-in there as `login`."""
        return self.sign_in_there(self.provider_url(email, **fields), login or email)

    def sign_in_there(self, url: str, login: str) -> str:
        page = self._follow(url)
        if page.is_redirect:
            return _location(page)
        form = BeautifulSoup(page.text, "html.parser").select_one("form")
        assert form is not None
        data = {"prompt": "login", "login": login, "password": "at the provider"}
        return _location(self._follow(urljoin(page.url, str(form["action"])), data))

    def refuse_there(self, url: str) -> str:
        """The address to which the provider leads a person who cancels."""
        page = self._follow(url)
        link = BeautifulSoup(page.text, "html.parser").select_one("a[href*=abort]")
        assert link is not None
        return _location(self._follow(urljoin(page.url, str(link["href"]))))

    def open(self, url: str) -> TestResponse:
        """Open an address at Doorbell."""
        parts = urlsplit(url)
        return self.get(f"{parts.path}?{parts.query}")

    def sign_in(self, email: str, login: str | None = None, **fields: Any) -> TestResponse:
        """The whole way: Doorbell's response to the provider's answer."""
        return self.open(self.answer_url(email, login, **fields))

    def name(self) -> str | None:
        """The name of the signed-in user."""
        with self.client.session_transaction() as session:
            return session.get("_user_id")

    def _follow(self, url: str, data: dict[str, str] | None = None) -> requests.Response:
        """The provider's page, or its redirect to another site."""
        page = self.there.request("POST" if data else "GET", url, data=data, allow_redirects=False, timeout=20)
        while page.is_redirect and urlsplit(_location(page)).netloc == urlsplit(url).netloc:
            page = self.there.get(_location(page), allow_redirects=False, timeout=20)
        return page


def _location(page: requests.Response) -> str:
    assert page.is_redirect, page.text
    return urljoin(page.url, page.headers["Location"])
