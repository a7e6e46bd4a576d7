"""Receivers of webhooks, and a webhook of one of them."""

from __future__ import annotations

import pytest

from webapp.relay import worker

from ..support.receivers import StartReceiver
from ..support.relay import Relay
from ..support.webhooks import HOOK, Inbox


@pytest.fixture
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run ends when the next attempt is 4 seconds away, as the second attempt is at least."""
    monkeypatch.setattr(worker, "RUN_SECONDS", 3.5)


@pytest.fixture
def inbox(relay: Relay, receiver: StartReceiver, short_runs: None) -> Inbox:
    """The requests that the webhook `hook` has received. It answers 200 until `reply` is replaced."""
    inbox = Inbox()
    relay.add(HOOK, receiver(inbox).url)
    return inbox
