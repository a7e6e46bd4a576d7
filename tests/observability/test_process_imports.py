"""No process imports a library that it does not use, and gunicorn's master none that gevent must patch first."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ..support.processes import ROOT, SECRET

# Libraries that use what gevent patches, and must therefore be imported after that.
LATE = {"flask", "werkzeug", "redis", "psycopg", "sqlalchemy", "celery", "kombu"}
# Libraries that would delay the start of a process that does not use them.
UNUSED = {"alembic", "flask_migrate", "celery"}

SETTINGS = {
    "DATABASE_URL": "postgresql://127.0.0.1:1/doorbell",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": SECRET,
}
LOADED = f"import sys; print(*sorted({LATE | UNUSED!r} & set(sys.modules)))"
IMPORT_ALL_OF = """
import importlib, pkgutil
package = importlib.import_module({0!r})
for module in pkgutil.walk_packages(package.__path__, {0!r} + "."):
    importlib.import_module(module.name)
"""


def loaded_after(code: str) -> set[str]:
    """The libraries of LATE and UNUSED that a fresh interpreter has loaded after `code`."""
    python = [sys.executable, "-c", f"{code}\n{LOADED}"]
    done = subprocess.run(python, cwd=ROOT, env=os.environ | SETTINGS, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("package", ["webapp.config", "webapp.observability"])
def test_no_module_of_the_package_imports_a_library_that_gevent_must_patch_first(package: str) -> None:
    assert loaded_after(IMPORT_ALL_OF.format(package)) == set()


def test_gunicorns_configuration_imports_no_library_that_gevent_must_patch_first() -> None:
    assert loaded_after("import runpy; runpy.run_path('gunicorn.conf.py')") == set()


def test_the_check_finds_a_library_that_is_imported_too_early() -> None:
    assert loaded_after("import webapp.doctor.readiness") >= {"flask", "redis", "psycopg"}


def test_a_web_worker_imports_nothing_that_only_other_processes_use() -> None:
    assert not loaded_after("import wsgi") & UNUSED


def test_the_listener_imports_neither_the_web_application_nor_its_models() -> None:
    assert loaded_after("import listener_worker") == {"psycopg", "redis"}


def test_the_launcher_reads_its_settings_without_the_libraries_of_the_database() -> None:
    assert loaded_after("import webapp.launcher.__main__") == set()
