"""`flask relay` on destinations, as an operator runs it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import redis
from flask import Flask
from standardwebhooks import Webhook

from webapp.events.topics import RELAY

from ..relay.test_schemas import faults
from ..support.account_commands import flask
from ..support.relay import Relay
from ..support.relay_commands import PASSWORD, STREAM, Run, attempt_once, refused
from ..support.signals import published
from ..support.webhooks import HOOK, Inbox, answer, signing_secret
from ..support.world import World


def test_the_admins_open_pages_are_told_of_each_change_also_within_a_second(
    run: Run, relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    ida = world.user(acme, "Ida Admin", role="admin")
    world.order(acme)
    commands = [
        ["add", HOOK, "https://example.com/in"],
        ["pause", HOOK],
        ["rotate", HOOK],
        ["replay", HOOK, "--since", "2026-01-01T00:00+00:00"],
        ["cancel-replay", HOOK],
        ["remove", HOOK, "--yes"],
    ]
    for number, command in enumerate(commands, 1):
        result = run(*command)
        assert result.exit_code == 0, result.output
        told = [dict(signal.users) for signal in published(redis_client, acme)]
        assert told == [{ida: [RELAY]}] * number, command
    run("list")
    assert len(published(redis_client, acme)) == len(commands)


@pytest.mark.parametrize(
    ("start", "ids"), [((), [3]), (("--from", "now"), [3]), (("--from", "beginning"), [1, 2, 3]), ("time", [2, 3])]
)
def test_a_destination_begins_where_it_is_told(
    run: Run, relay: Relay, world: World, acme: int, start: Any, ids: list[int]
) -> None:
    world.order(acme)
    since = world.now().isoformat()
    world.order(acme)
    added = run("add", "stream", STREAM, *(("--from", since) if start == "time" else start))
    assert "Added stream. Its events are sent while the relay worker runs." in added.output
    assert "secret" not in added.output
    world.order(acme)
    relay.run()
    assert relay.find().sent == len(ids)


def test_a_webhook_shows_its_signing_secret_once(run: Run, relay: Relay) -> None:
    added = run("add", HOOK, "https://example.com/in?token=hunter2")
    assert f"Signing secret, shown once: {signing_secret(relay)}" in added.output
    for command in (["list"], ["show", HOOK]):
        shown = run(*command).output
        assert "whsec_" not in shown
        assert "hunter2" not in shown


def test_a_webhook_takes_a_given_secret_and_does_not_repeat_it(run: Run, relay: Relay) -> None:
    secret = "whsec_" + "A" * 32
    assert secret not in run("add", HOOK, "https://example.com/in", "--secret", secret).output
    assert signing_secret(relay) == secret


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["Hook 1", STREAM], ["'Hook 1' is not a name", "1 to 40 characters"]),
        ([f"nats://ana:{PASSWORD}@host", "hook"], ["The name of a destination comes first, then its address."]),
        (["hook", f"nats://ana:{PASSWORD}/x@host"], ["@ after its host"]),
        (["hook", f"mqtt://ana:{PASSWORD}@host"], ["'mqtt'", "redis, rediss"]),
        (["hook", STREAM, "--tenant", "globex"], ["There is no tenant 'globex'; there are: acme."]),
        (["hook", STREAM, "--types", "payed"], ["'payed' is not a type of event; allowed: placed, paid"]),
        (["hook", STREAM, "--from", "yesterday"], ["--from is 'yesterday'", "offset from UTC"]),
        (["hook", STREAM, "--from", "2026-11-01"], ["--from is '2026-11-01'", "offset from UTC"]),
        (["hook", STREAM, "--secret", "whsec_x"], ["Only a webhook has a signing secret."]),
        (["hook", "https://example.com", "--secret", PASSWORD], ["does not begin with whsec_"]),
        (["hook", "https://example.com", "--secret", "whsec_AAAA"], ["3 bytes; 24 to 64"]),
    ],
)
def test_a_destination_that_cannot_be_added_is_refused(
    run: Run, relay: Relay, args: list[str], words: list[str]
) -> None:
    refused(run("add", *args), *words)
    assert relay.conn.execute("SELECT count(*) FROM relay_destinations").fetchone() == (0,)


def test_a_second_destination_of_a_name_is_refused(run: Run) -> None:
    run("add", "stream", STREAM)
    refused(run("add", "stream", STREAM), "There is a destination 'stream' already.")


def test_destinations_are_listed_with_what_waits(run: Run, relay: Relay, world: World, acme: int, inbox: Inbox) -> None:
    run("add", "stream", STREAM, "--tenant", "acme", "--types", "paid,shipped")
    inbox.reply = lambda _request: answer(500)
    world.order(acme, paid_at="now()")
    assert re.search(r"hook +webhook +all +all +active +2, the oldest \d+ s old +0 +0\n", run("list").output)
    attempt_once(relay)
    listed = run("list").output
    assert re.search(r"hook +webhook +all +all +failing since \S+ \S+ +2, the oldest \d+ s old +0 +0\n", listed)
    assert re.search(r"stream +redis +acme +paid,shipped +active +1, the oldest \d+ s old +0 +0\n", listed)


def test_without_a_destination_the_list_tells_how_to_add_one(run: Run) -> None:
    assert run("list").output == "There are no destinations yet. Add one with: flask relay add NAME URL\n"


def test_show_has_the_address_the_last_error_and_the_audit_log(
    run: Run, relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    inbox.reply = lambda _request: answer(503)
    world.order(acme)
    attempt_once(relay)
    shown = run("show", HOOK).output
    assert re.search(r"address +http://127.0.0.1:\d+/hooks\n", shown)
    assert re.search(r"last error +\S+ \S+ +The endpoint answered 503", shown)
    assert re.search(r"audit +\S+ \S+ +command line \(\w+\): added, http://127.0.0.1:\d+/hooks from now\n", shown)
    assert "last sent    never" in shown


def test_pause_and_resume(run: Run, relay: Relay, world: World, acme: int, inbox: Inbox) -> None:
    assert "Paused hook." in run("pause", HOOK, "--reason", "maintenance").output
    assert re.search(r"state +paused: maintenance\n", run("show", HOOK).output)
    refused(run("pause", HOOK), "hook is paused already")
    world.order(acme)
    relay.run(HOOK)
    assert inbox.requests == []
    assert "hook continues from where it stopped." in run("resume", HOOK).output
    refused(run("resume", HOOK), "hook is active already")
    relay.run(HOOK)
    assert len(inbox.requests) == 1
    run("pause", HOOK)
    world.order(acme)
    assert "hook continues from now." in run("resume", HOOK, "--from-now").output
    relay.run(HOOK)
    assert len(inbox.requests) == 1


def test_remove_asks_first(run: Run, relay: Relay) -> None:
    run("add", "stream", STREAM)
    assert run("remove", "stream", types="n\n").exit_code == 1
    assert relay.find().name == "stream"
    assert "Removed stream." in run("remove", "stream", types="y\n").output
    run("add", "stream", STREAM)
    assert run("remove", "stream", "--yes").output == "Removed stream.\n"
    refused(run("show", "stream"), "There is no destination 'stream'; there are none yet; add one with")


@pytest.mark.parametrize(
    "event_type", ["placed", "paid", "shipped", "refunded", "cancelled", "reassigned", "edited", "deleted"]
)
def test_the_test_of_a_webhook_posts_a_valid_sample_and_prints_the_answer(
    run: Run, relay: Relay, inbox: Inbox, event_type: str
) -> None:
    done = run("test", HOOK, "--type", event_type)
    assert re.fullmatch(r"hook works: The endpoint answered 200 OK in \d+ ms\.\n", done.output)
    (request,) = inbox.requests
    Webhook(signing_secret(relay)).verify(request.body, dict(request.headers))
    assert request.event["type"] == f"doorbell.order.{event_type}"
    assert request.event["doorbelltest"] == "true"
    assert faults(request.event) == []


def test_the_test_of_a_webhook_reports_a_refusal(run: Run, inbox: Inbox) -> None:
    inbox.reply = lambda _request: answer(500, b"token=hunter2")
    refused(run("test", HOOK), "The endpoint answered 500 Internal Server Error; only 2xx is a success.")


def test_the_test_of_a_webhook_refuses_a_private_address_that_is_not_allowed(
    app: Flask, run: Run, inbox: Inbox
) -> None:
    run("add", "inside", "https://127.0.0.1:1/in?token=hunter2")
    words = "127.0.0.1:1 is a loopback address, which webhooks may not reach", "WEBHOOK_ALLOW"
    refused(flask(app, "relay", "test", "inside"), *words)
    refused(flask(app, "relay", "test", HOOK), "does not begin with https://")
    assert inbox.requests == []
    assert run("test", HOOK).exit_code == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://10.0.0.7/in", "10.0.0.7 is a private address, which webhooks may not reach"),
        ("https://[::1]/in", "is a loopback address, which webhooks may not reach"),
        ("https://169.254.169.254/latest", "is a metadata or link-local address, which webhooks may not reach"),
        ("http://example.com/in", "does not begin with https://"),
        ("https://127.1/in", "Write an address as four decimal numbers"),
    ],
)
def test_a_webhook_that_can_never_be_reached_is_not_added(app: Flask, relay: Relay, url: str, words: str) -> None:
    refused(flask(app, "relay", "add", "hook", url), words)
    assert relay.conn.execute("SELECT count(*) FROM relay_destinations").fetchone() == (0,)


def test_the_test_of_a_stream_connects_and_sends_nothing(run: Run, redis_client: Any) -> None:
    run("add", "stream", STREAM)
    assert run("test", "stream").output.startswith("stream works: ")
    assert not redis_client.exists("orders")


def test_the_test_of_a_broker_that_is_away_is_one_sentence(run: Run) -> None:
    run("add", "away", f"redis://:{PASSWORD}@127.0.0.1:1/0?stream=x")
    refused(run("test", "away"), "127.0.0.1:1")


def test_a_variable_that_is_not_set_is_named(run: Run) -> None:
    run("add", "away", "redis://:$NOT_SET_HERE@127.0.0.1:1/0?stream=x")
    refused(run("test", "away"), "NOT_SET_HERE is not set")


def test_rotate_shows_the_new_secret_once(run: Run, relay: Relay, inbox: Inbox) -> None:
    former = signing_secret(relay)
    done = run("rotate", HOOK)
    assert signing_secret(relay) != former
    assert done.output.endswith(f"New signing secret, shown once: {signing_secret(relay)}\n")
    assert former not in done.output


def test_verbs_of_webhooks_are_refused_for_a_broker(run: Run) -> None:
    run("add", "stream", STREAM)
    refused(run("rotate", "stream"), "stream is not a webhook")
    refused(run("resend", "stream", "--since", "2026-01-01T00:00Z"), "stream is not a webhook", "flask relay retry")


COMMANDS = (
    ["show"], ["pause"], ["resume"], ["remove", "--yes"], ["test"], ["dead"], ["retry", "--all"], ["rotate"],
    ["cancel-replay"], ["replay", "--since", "2026-01-01T00:00Z"], ["resend", "--since", "2026-01-01T00:00Z"],
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_command_for_an_unknown_destination_names_those_there_are(run: Run, command: list[str]) -> None:
    run("add", "stream", STREAM)
    refused(run(command[0], "strem", *command[1:]), "There is no destination 'strem'; there are: stream.")
    refused(run(command[0], f"nats://ana:{PASSWORD}@host", *command[1:]), "There is no destination of this name")
