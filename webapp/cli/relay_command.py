"""The parts that the commands of `flask relay` share: the group, their options, and one sentence per expected error."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import Any

import click
import psycopg
from flask.cli import AppGroup

from ..config import Config
from ..events.catalog import TYPES
from ..postgres import session
from ..relay import destinations
from ..relay.address import WrongAddress
from ..relay.destinations import Destination, NoSuchDestination
from ..relay.secrets import SecretsLocked
from ..relay.senders.base import BrokerAway, ClientMissing
from ..relay.verbs import RelayError
from ..services import services
from ..webhooks.errors import RefusedAddress
from ..webhooks.signature import InvalidSecret
from . import stop

relay_cli = AppGroup("relay", help="Destinations of events: Redis Streams, NATS, RabbitMQ, Kafka and webhooks.")

_EXPECTED = (
    RelayError, NoSuchDestination, WrongAddress, RefusedAddress, InvalidSecret, SecretsLocked, BrokerAway, ClientMissing,
)  # fmt: skip


def reports_errors(function: Callable[..., None]) -> Callable[..., None]:
    """Turns the relay's expected errors into one sentence."""

    @wraps(function)
    def run(*args: Any, **options: Any) -> None:
        try:
            function(*args, **options)
        except _EXPECTED as error:
            text = str(error)
            # A sentence that begins with the destination's name keeps it.
            stop(text if text.startswith(f"{options.get('name')} ") else text[0].upper() + text[1:])

    return run


@contextmanager
def connection() -> Iterator[psycopg.Connection[Any]]:
    with session.connect(config().database_url, "doorbell flask", autocommit=True) as conn:
        yield conn


@contextmanager
def found(name: str) -> Iterator[tuple[psycopg.Connection[Any], Destination]]:
    """A connection, and the destination of that name. Raises NoSuchDestination."""
    with connection() as conn:
        yield conn, destinations.by_name(conn, name)


@contextmanager
def changing(name: str) -> Iterator[tuple[psycopg.Connection[Any], Destination]]:
    """As `found`, for a verb. When it is done, the managers' open pages show the change."""
    with found(name) as (conn, destination):
        yield conn, destination
        announce(conn, destination)


def announce(conn: psycopg.Connection[Any], destination: Destination) -> None:
    """Signal a change of the destination to the managers' open pages. Without Redis they show it when they poll."""
    notices = services().relay_notices
    notices.changed(conn, destination.tenant_id)
    notices.flush()


def config() -> Config:
    return services().config


def actor() -> str:
    """For the audit log. The user of a container may have no name."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"user {os.getuid()}"
    return f"command line ({user})"


def counted(count: int, noun: str) -> str:
    """`1 dead letter`, `2 dead letters`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def parsed_time(value: str, option: str) -> datetime:
    """A time with its offset. Ends the command when it is not one."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        example = "2026-11-01T09:00+01:00"
        stop(f"{option} is {value[:40]!r}; give a time with its offset from UTC, for example {example}.")
    return moment


def time_option(_context: click.Context, option: click.Parameter, value: str | None) -> datetime | None:
    return None if value is None else parsed_time(value, f"--{option.name}")


def _types(_context: click.Context, _option: click.Parameter, value: str | None) -> list[str] | None:
    return None if value is None else [name.strip() for name in value.split(",")]


name_argument = click.argument("name")
only_types = click.option(
    "--types", callback=_types, metavar="TYPES", help=f"Only these types of events, of: {', '.join(TYPES)}."
)
only_tenant = click.option("--tenant", "slug", metavar="SLUG", help="Only the events of this tenant.")
