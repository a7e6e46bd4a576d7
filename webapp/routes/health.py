"""Health checks, for load balancers and people: whether this process is up, and whether it can serve."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from ..services import services
from .access import public

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public("for the process manager; returns only up or down")
def healthz() -> tuple[str, int]:
    return "ok\n", 200


@bp.get("/readyz")
@public("for the load balancer; returns only which services are away")
def readyz() -> tuple[dict[str, Any], int]:
    """503 only if this process cannot serve pages. Redis and the listener would be away for any other process as well."""
    seen = services().health.health()
    states = {name: part.state for name, part in seen.parts.items()}
    return {"ready": seen.ready, "degraded": seen.degraded, **states}, 200 if seen.ready else 503
