"""gunicorn's master imports configuration and logging before gevent patches the standard library in the workers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ..support.processes import ROOT

# Libraries that use what gevent patches, and must therefore be imported after that.
LATE = {"flask", "werkzeug", "redis", "psycopg", "sqlalchemy", "celery", "kombu"}

LOADED = f"import sys; print(*sorted({LATE!r} & set(sys.modules)))"
IMPORT_ALL_OF = """
import importlib, pkgutil
package = importlib.import_module({0!r})
for module in pkgutil.walk_packages(package.__path__, {0!r} + "."):
    importlib.import_module(module.name)
"""


def loaded_after(code: str) -> set[str]:
    """The libraries of LATE that a fresh interpreter has loaded after `code`."""
    python = [sys.executable, "-c", f"{code}\n{LOADED}"]
    done = subprocess.run(python, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("package", ["webapp.config", "webapp.observability"])
def test_no_module_of_the_package_imports_a_library_that_gevent_must_patch_first(package: str) -> None:
    assert loaded_after(IMPORT_ALL_OF.format(package)) == set()


def test_gunicorns_configuration_imports_no_library_that_gevent_must_patch_first() -> None:
    assert loaded_after("import runpy; runpy.run_path('gunicorn.conf.py')") == set()


def test_the_check_finds_a_library_that_is_imported_too_early() -> None:
    assert loaded_after("import webapp.doctor.readiness") >= {"flask", "redis", "psycopg"}
