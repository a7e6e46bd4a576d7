"""Runs `flask relay`, and checks its refusals."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result

from .relay import Relay
from .webhooks import HOOK

Run = Callable[..., Result]
STREAM = "redis:///?stream=orders"
# Of addresses in commands that are refused.
PASSWORD = "s3cret-w0rd"


def refused(result: Result, *words: str) -> None:
    """One sentence on stderr and exit code 2, without a secret."""
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert [word for word in words if word not in result.stderr] == []
    assert PASSWORD not in result.output
    assert "hunter2" not in result.output


def attempt_once(relay: Relay) -> None:
    """A run of `hook` that does not wait for the second attempt."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("webapp.relay.worker.RUN_SECONDS", 3.5)
        relay.run(HOOK)
