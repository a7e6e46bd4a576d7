"""For load balancers and people: this process is up; it can serve, and the board is live."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from ..doctor import readiness

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> tuple[str, int]:
    return "ok\n", 200


@bp.get("/readyz")
def readyz() -> tuple[dict[str, Any], int]:
    """503 only where this process cannot serve pages: another process would miss Redis or the listener as well."""
    seen = readiness.health()
    words = {name: part.state for name, part in seen.parts.items()}
    return {"ready": seen.ready, "degraded": seen.degraded, **words}, 200 if seen.ready else 503
