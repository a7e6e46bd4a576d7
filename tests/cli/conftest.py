"""`flask relay` in an app whose webhooks may reach this host, and a webhook."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from webapp import create_app

from ..conftest import config_for
from ..support.account_commands import flask
from ..support.receivers import Receiver
from ..support.relay_commands import Run
from ..support.webhooks import HOOK, Inbox
from ..support.world import Service


@pytest.fixture
def run(service: Service, acme: int) -> Iterator[Run]:
    """Runs `flask relay …` of an app whose webhooks may reach this host."""
    app = create_app(config_for(service, WEBHOOK_ALLOW="127.0.0.0/8"))
    yield lambda *args, **options: flask(app, "relay", *args, **options)
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture
def inbox(run: Run) -> Iterator[Inbox]:
    """The requests that the webhook `hook` has received."""
    inbox = Inbox()
    receiver = Receiver(inbox)
    assert run("add", HOOK, receiver.url).exit_code == 0
    yield inbox
    receiver.close()
