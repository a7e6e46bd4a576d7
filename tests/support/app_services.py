"""An app with some of its services replaced by a test's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Flask

from webapp.services import KEY, services


def replace_services(app: Flask, **changed: Any) -> None:
    app.extensions[KEY] = replace(services(app), **changed)
