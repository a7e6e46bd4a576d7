"""Each process may have a database URL of its own."""

from __future__ import annotations

import pytest

from webapp.config import Config, ConfigError
from webapp.config.config import COMMANDS, LISTENER, PROCESSES, WEB, WORKER

ENV = {"DATABASE_URL": "postgresql://web@db/doorbell", "REDIS_URL": "redis://localhost", "SECRET_KEY": "k" * 32}


def test_without_a_url_of_its_own_a_process_takes_database_url() -> None:
    assert {Config.from_env(ENV, process).database_url for process in PROCESSES} == {ENV["DATABASE_URL"]}


def test_each_process_takes_its_own_url() -> None:
    own = {process: f"postgresql://{process.lower()}@db/doorbell" for process in (LISTENER, WORKER, COMMANDS)}
    for process in (WEB, LISTENER, WORKER, COMMANDS):
        config = Config.from_env(ENV | own, process)
        assert config.database_url == (ENV | own)[process]
        assert config.web_database_url == ENV["DATABASE_URL"]


def test_a_process_needs_no_url_of_another_one() -> None:
    env = {name: value for name, value in ENV.items() if name != WEB} | {LISTENER: "postgresql://listener@db/doorbell"}
    assert Config.from_env(env, LISTENER).database_url == "postgresql://listener@db/doorbell"


def test_a_fault_names_the_variable() -> None:
    with pytest.raises(ConfigError, match="WORKER_DATABASE_URL has no scheme"):
        Config.from_env(ENV | {WORKER: "db"}, WORKER)
    with pytest.raises(ConfigError, match="WORKER_DATABASE_URL has a port"):
        Config.from_env(ENV | {WORKER: "postgresql://db:port/doorbell"}, WORKER)
