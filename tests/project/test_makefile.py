"""The Makefile's commands and messages, the Procfile's programs, and the lists of pins."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMANDS = {"help", "run", "psql", "env", "lint", "docs", "schema", "texts", "pictures", "vendor", "lock", "clean"}
COMMANDS |= {
    "test",
    "coverage",
    "test-faults",
    "test-hosts",
    "test-postgres",
    "test-brokers",
    "bench",
    "bench-report",
    "soak",
    "sbom",
}


def test_help_lists_every_command() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z-]+)", listed, re.MULTILINE)) == COMMANDS
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert set(phony.group(1).split()) == COMMANDS


def test_every_module_that_the_makefile_runs_exists() -> None:
    modules = re.findall(r"/python -m ([\w.]+)", (ROOT / "Makefile").read_text())
    assert "webapp.launcher" in modules
    for module in modules:
        assert importlib.util.find_spec(module) is not None, module


def test_every_program_of_the_procfile_is_installed() -> None:
    for line in (ROOT / "Procfile").read_text().splitlines():
        name, program = line.split()[:2]
        assert (Path(sys.executable).parent / program).exists(), name


def test_pins_have_hashes_and_no_addresses() -> None:
    for file in (ROOT / "requirements").glob("*.txt"):
        text = file.read_text()
        pins = re.findall(r"^[a-z][\w.-]*==", text, re.MULTILINE)
        assert pins, file
        assert text.count("--hash=sha256:") >= len(pins)
        assert not re.search(r"https?://|file:|--index-url|--extra-index-url|--find-links", text), file


def test_an_old_or_missing_python_is_reported_in_one_line(tmp_path: Path) -> None:
    old = tmp_path / "python-old"
    old.write_text('#!/bin/sh\ncase "$1" in --version) echo "Python 3.9.6";; *) exit 1;; esac\n')
    old.chmod(0o755)
    for python, seen in ((str(old), "Python 3.9.6"), ("no-such-python", "no no-such-python")):
        command = [str(ROOT / "bin" / "venv"), str(tmp_path / "venv")]
        made = subprocess.run(command, env={"PATH": "/usr/bin:/bin", "PYTHON": python}, capture_output=True, text=True)
        assert made.returncode == 1
        assert "needs Python 3.11 or newer" in made.stderr
        assert made.stderr.rstrip().endswith("make run PYTHON=python3.12")
        assert len(made.stderr.splitlines()) == 1, made.stderr
        assert seen in made.stderr or "not found" in made.stderr


def test_a_failed_installation_names_the_index_and_the_proxy_as_causes(tmp_path: Path) -> None:
    bin_directory = tmp_path / "venv" / "bin"
    bin_directory.mkdir(parents=True)
    (tmp_path / "venv" / "made.stamp").touch()
    python = bin_directory / "python"
    python.write_text("#!/bin/sh\necho 'ERROR: No matching distribution found for alembic' >&2\nexit 1\n")
    python.chmod(0o755)
    made = subprocess.run(["make", f"VENV={tmp_path}/venv", "run"], cwd=ROOT, capture_output=True, text=True)
    assert made.returncode != 0
    assert "Check the connection to the package index" in made.stderr
    assert "HTTPS_PROXY" in made.stderr
