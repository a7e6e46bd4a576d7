"""For load balancers and people: this process is up; all that it needs is there."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from flask import Blueprint, current_app

from .. import health, signals
from ..config import Config

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> tuple[str, int]:
    return "ok\n", 200


@bp.get("/readyz")
def readyz() -> tuple[dict[str, Any], int]:
    config = cast(Config, current_app.extensions["doorbell_config"])
    parts = health.check(config.database_url, signals.client())
    return {name: asdict(part) for name, part in parts.items()}, 200 if all(part.ok for part in parts.values()) else 503
