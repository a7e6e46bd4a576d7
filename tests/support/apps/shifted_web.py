"""The web app with a clock that is ahead by the seconds in the file that SHIFT_FILE names."""

from __future__ import annotations

import os
import time
from pathlib import Path

from webapp.display import clock


def _shifted() -> float:
    return time.time() + float(Path(os.environ["SHIFT_FILE"]).read_text())


clock.epoch = _shifted  # before the app is made

from wsgi import app  # noqa: E402

__all__ = ["app"]
