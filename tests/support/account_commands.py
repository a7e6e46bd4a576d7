"""Runs `flask tenant` and `flask user` in a test's app."""

from __future__ import annotations

from typing import Any

from click.testing import Result
from flask import Flask

from .world import World

TENANT = ["tenant", "create", "acme", "--name", "Acme Ltd", "--timezone", "Europe/Berlin", "--currency", "EUR"]
TENANT += ["--locale", "de_DE"]
USER = ["user", "create", "ana@example.com", "--tenant", "acme", "--name", "Ana Silva"]
PASSWORD = "correct horse battery"


def flask(app: Flask, *args: str, types: str = "") -> Result:
    return app.test_cli_runner().invoke(args=args, input=types)


def with_option(command: list[str], option: str, value: str) -> list[str]:
    if option == "":
        return [*command[:2], value, *command[3:]]
    at = command.index(option) + 1
    return [*command[:at], value, *command[at + 1 :]]


def rows(world: World, columns: str, table: str) -> list[tuple[Any, ...]]:
    return world.conn.execute(f"SELECT {columns} FROM {table} ORDER BY id").fetchall()
