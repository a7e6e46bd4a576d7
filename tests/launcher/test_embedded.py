"""The embedded servers: the contents of the wheel, and data directories of other versions and users."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from webapp.launcher import cluster
from webapp.launcher.cluster import PG_BIN, EmbeddedError
from webapp.launcher.embedded import Embedded

from ..support.world import Service

EXTENSIONS = ("pg_trgm", "btree_gin", "unaccent", "citext", "pg_stat_statements")


@pytest.fixture
def directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="doorbell-embedded-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def test_a_system_user_that_another_process_creates_at_the_same_moment_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A real race of `useradd` would need to remove the user that the running tests need."""
    attempts = []

    def created_meanwhile(name: str) -> None:
        attempts.append(name)
        if len(attempts) == 1:
            raise subprocess.CalledProcessError(9, ["useradd", name], stderr=f"useradd: user '{name}' already exists")

    monkeypatch.setattr(cluster.utils, "ensure_user_exists", created_meanwhile)
    monkeypatch.setattr(cluster, "SYSTEM_USER", pwd.getpwuid(os.geteuid()).pw_name)
    assert cluster._system_user().pw_uid == os.geteuid()
    assert len(attempts) == 2


@pytest.mark.parametrize("program", ["psql", "pgbench", "pg_dump", "pg_restore"])
def test_the_wheel_has_the_programs(program: str) -> None:
    version = subprocess.run([PG_BIN / program, "--version"], capture_output=True, text=True, check=True)
    assert "(PostgreSQL) 18" in version.stdout


def test_the_wheel_has_the_extensions_of_contrib(service: Service) -> None:
    with psycopg.connect(service.database_url) as conn:
        found = conn.execute("SELECT name FROM pg_available_extensions").fetchall()
    assert {name for (name,) in found} >= set(EXTENSIONS)


def test_data_of_another_major_version_is_refused(directory: Path) -> None:
    data = directory / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedError, match=r"was created by PostgreSQL 16, and this Doorbell includes 18\. Choose"):
        Embedded(directory).postgres.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_as_root_postgresql_runs_as_the_owner_of_the_data(directory: Path) -> None:
    """Data of an ordinary user keeps its owner when root starts the server."""
    nobody = pwd.getpwnam("nobody")
    data = directory / "postgres"
    data.mkdir()
    services = Embedded(directory, fast=True)
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    command: list[str | Path] = [PG_BIN / "initdb", "--auth=trust", "-U", "postgres", "-D", data]
    subprocess.run(command, check=True, capture_output=True, user="nobody", group=nobody.pw_gid, cwd=directory)
    services.postgres.start()
    try:
        server = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
        assert (server.uids().real, server.gids().real) == (nobody.pw_uid, nobody.pw_gid)
    finally:
        services.postgres.stop()
    assert {path.stat().st_uid for path in data.rglob("*")} == {nobody.pw_uid}
