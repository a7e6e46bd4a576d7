"""`make test` before its tests: the OpenID provider of npm is in the virtual environment, by the lock file's hashes.

Where npm is not available, the tests of single sign-on with a provider are skipped with the reason.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from pathlib import Path

PINS = Path(__file__).parents[1] / "oidc"
HOME = Path(sys.prefix) / "oidc-provider"
NAMES = ("package.json", "package-lock.json")
FETCH_SECONDS = 300
BY_HAND = (
    "The OpenID provider of the tests is not installed (npm): .venv/bin/python -m tests.support.install.oidc_provider"
)


@functools.cache
def is_installed() -> bool:
    """Whether the pinned provider is there, with a Node.js that runs it."""
    # npm writes this file last.
    is_complete = (HOME / "node_modules/.package-lock.json").exists()
    return is_complete and shutil.which("node") is not None and all(_is_same(name) for name in NAMES)


def install() -> None:
    """Raises CalledProcessError and TimeoutExpired."""
    HOME.mkdir(exist_ok=True)
    for name in NAMES:
        shutil.copy(PINS / name, HOME / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=HOME, check=True, timeout=FETCH_SECONDS)


def _is_same(name: str) -> bool:
    mine = HOME / name
    return mine.exists() and mine.read_bytes() == (PINS / name).read_bytes()


def main() -> None:
    if is_installed() or not (shutil.which("npm") and shutil.which("node")):
        return
    print("Installing the OpenID provider of the tests into .venv/oidc-provider …", flush=True)
    try:
        install()
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print(f"The OpenID provider is not available, and its tests will be skipped: {error}", flush=True)


if __name__ == "__main__":
    main()
