"""A push service, and an app that may reach it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from webapp import create_app
from webapp.config import Config
from webapp.push.sender import PushSender
from webapp.push.vapid import new_private_key

from ..conftest import config_for
from ..support.browser import Person
from ..support.push_service import PushBrowser, PushService
from ..support.world import Service, World

ANA = "Ana Silva"


@pytest.fixture
def push_service() -> Iterator[PushService]:
    service = PushService()
    yield service
    service.close()


@pytest.fixture
def config(service: Service) -> Config:
    keys = {"VAPID_PRIVATE_KEY": new_private_key(), "VAPID_SUBJECT": "mailto:admin@example.com"}
    return config_for(service, WEBHOOK_ALLOW="127.0.0.0/8", **keys)


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    app = create_app(config)
    yield app
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture
def ana(app: Flask, world: World) -> Person:
    """A user with id 1 in tenant 1 who wants pushes of payments and shipments."""
    person = Person(app, world.user(world.tenant(), ANA))
    wanted = {"channel": ["paid:push", "shipped:push", "assigned:push"]}
    assert person.post("/notifications", wanted).status_code == 303
    return person


@pytest.fixture
def sender(config: Config) -> PushSender:
    return PushSender(config)


def subscribe(person: Person, browser: PushBrowser) -> int:
    """Turn on pushes in this browser; returns the status."""
    headers = {"X-CSRFToken": person.csrf_token()}
    return person.client.post("/notifications/push/subscribe", json=browser.subscription, headers=headers).status_code
