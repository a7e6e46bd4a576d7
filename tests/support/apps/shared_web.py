"""The web app with the compiled templates and compressed static files of an earlier process of the run.

Each process of the tests would need a second of CPU for its own.
"""

from __future__ import annotations

import gc

# As in wsgi.py, which enables it again.
gc.disable()

import os  # noqa: E402
import shutil  # noqa: E402
import tempfile  # noqa: E402
from pathlib import Path  # noqa: E402
from types import SimpleNamespace  # noqa: E402
from typing import Any  # noqa: E402

from flask import Flask  # noqa: E402
from jinja2 import FileSystemBytecodeCache  # noqa: E402

from webapp.server import static_files  # noqa: E402

from ..shared_files import VARIABLE  # noqa: E402

SHARED = Path(os.environ[VARIABLE])
STATIC = SHARED / "static"

_build = static_files._built


def _built() -> Any:
    """The first process compresses the files; the others serve its copies."""
    if not STATIC.exists():
        unfinished = tempfile.mkdtemp(dir=SHARED)
        shutil.copytree(_build().name, unfinished, dirs_exist_ok=True)
        try:
            os.rename(unfinished, STATIC)
        except OSError:
            # Another process was first.
            shutil.rmtree(unfinished)
    return SimpleNamespace(name=str(STATIC))


static_files._built = _built  # type: ignore[assignment]
# Jinja checks the source, so a changed template is compiled again.
Flask.jinja_options["bytecode_cache"] = FileSystemBytecodeCache(str(SHARED))

from wsgi import app  # noqa: E402

__all__ = ["app"]
