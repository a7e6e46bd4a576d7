"""Receivers of webhooks, and a webhook of one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from webapp.relay import worker

from ..support.receivers import Behaviour, Receiver
from ..support.relay import Relay
from ..support.webhooks import HOOK, Inbox

Start = Callable[..., Receiver]


@pytest.fixture
def receiver() -> Iterator[Start]:
    """Starts receivers, and stops them at the end of the test."""
    started: list[Receiver] = []

    def start(behave: Behaviour, **options: object) -> Receiver:
        started.append(Receiver(behave, **options))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run ends when the next attempt is 4 seconds away, as the second attempt is at least."""
    monkeypatch.setattr(worker, "RUN_SECONDS", 3.5)


@pytest.fixture
def inbox(relay: Relay, receiver: Start, short_runs: None) -> Inbox:
    """The requests that the webhook `hook` has received. It answers 200 until `reply` is replaced."""
    inbox = Inbox()
    relay.add(HOOK, receiver(inbox).url)
    return inbox
