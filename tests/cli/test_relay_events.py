"""`flask relay` on replays, dead letters and deliveries, as an operator runs it."""

from __future__ import annotations

import re

import pytest

from ..support.relay import Relay
from ..support.relay_commands import STREAM, Run, attempt_once, refused
from ..support.webhooks import HOOK, Inbox, answer, make_due, set_attempts, states
from ..support.world import World


def test_a_replay_is_begun_shown_and_cancelled(run: Run, relay: Relay, world: World, acme: int, inbox: Inbox) -> None:
    since = world.now().isoformat()
    world.order(acme, paid_at="now()")
    relay.run(HOOK)
    begun = run("replay", HOOK, "--since", since, "--types", "paid", "--tenant", "acme", "--rate", "10")
    assert begun.output == "Replay 1 has begun. Its progress: flask relay show hook\n"
    relay.run(HOOK)
    assert inbox.types == ["placed", "paid", "paid"]
    assert re.search(r"replay +1 done: 1 sent, 0 refused, ", run("show", HOOK).output)
    run("replay", HOOK, "--since", since)
    assert run("cancel-replay", HOOK).output == "Stopped the replays of hook.\n"
    relay.run(HOOK)
    assert len(inbox.requests) == 3
    refused(run("cancel-replay", HOOK), "hook has no replay that runs")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--since", "2026-11-01"], "--since is '2026-11-01'"),
        (["--since", "2026-11-01T00:00Z", "--until", "noon"], "--until is 'noon'"),
        (["--since", "2999-01-01T00:00Z"], "the end must be later"),
        (["--since", "2026-01-01T00:00Z", "--rate", "0"], "1 to 100000 events per second"),
        (["--since", "2026-01-01T00:00Z", "--types", ""], "'' is not a type of event"),
        (["--since", "2026-01-01T00:00Z", "--tenant", "x"], "There is no tenant 'x'"),
    ],
)
def test_a_replay_that_cannot_be_done_is_refused(run: Run, args: list[str], words: str) -> None:
    run("add", "stream", STREAM)
    refused(run("replay", "stream", *args), words)


@pytest.fixture
def dead(run: Run, relay: Relay, world: World, acme: int, inbox: Inbox) -> int:
    """The event of a dead letter of `hook`, with one event behind it."""
    inbox.reply = lambda _request: answer(422)
    world.order(acme, paid_at="now()")
    attempt_once(relay)
    set_attempts(relay.conn, 7)
    make_due(relay.conn)
    attempt_once(relay)
    assert states(relay.conn) == ["dead", "waiting"]
    inbox.reply = lambda _request: answer(200)
    inbox.requests.clear()
    return int(world.events()[0]["id"])


def test_dead_letters_are_listed_with_their_reason(run: Run, dead: int) -> None:
    pattern = rf"{dead} +\d+ +placed +8 +\S+ \S+ +1 +The endpoint answered 422 .*; only 2xx is a success\.\n"
    assert re.search(pattern, run("dead", HOOK).output)
    assert re.search(r"dead +1\n", run("show", HOOK).output)


@pytest.mark.parametrize("which", ["--all", "number"])
def test_a_dead_letter_is_retried(run: Run, relay: Relay, inbox: Inbox, dead: int, which: str) -> None:
    done = run("retry", HOOK, str(dead) if which == "number" else which)
    assert done.output == "1 dead letter of hook will be sent again.\n"
    relay.run(HOOK)
    assert inbox.types == ["placed", "paid"]
    assert run("dead", HOOK).output == "hook has no dead letters.\n"


def test_a_dead_letter_is_skipped(run: Run, relay: Relay, inbox: Inbox, dead: int) -> None:
    assert run("skip", HOOK, str(dead)).output == "Dropped 1 dead letter of hook.\n"
    relay.run(HOOK)
    assert inbox.types == ["paid"]


def test_failed_deliveries_are_resent(run: Run, relay: Relay, inbox: Inbox, dead: int) -> None:
    none = run("resend", HOOK, "--since", "2999-01-01T00:00Z")
    assert none.output == "Failed deliveries of hook that will be made again: 0.\n"
    done = run("resend", HOOK, "--since", "2026-01-01T00:00Z")
    assert done.output == "Failed deliveries of hook that will be made again: 1.\n"
    relay.run(HOOK)
    assert inbox.types == ["placed", "paid"]


def test_a_verb_on_dead_letters_that_are_not_there_is_refused(run: Run, inbox: Inbox) -> None:
    refused(run("retry", HOOK), "or --all")
    refused(run("retry", HOOK, "7", "--all"), "or --all")
    refused(run("retry", HOOK, "--all"), "hook has no dead letter.")
    refused(run("retry", HOOK, "7"), "hook has no dead letter of event 7.")
    refused(run("skip", HOOK, "7", "8"), "hook has no dead letter of event 7, 8.")
    refused(run("resend", HOOK, "--since", "now"), "--since is 'now'")
