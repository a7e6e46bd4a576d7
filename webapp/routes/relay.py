"""The pages of the relay, for admins: the destinations, one destination, one delivery. Actions are in relay_actions.py."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

from flask import Blueprint, abort, render_template

from ..accounts.current import current_tenant
from ..accounts.permissions import Permission
from ..relay.address import WEBHOOK
from ..webhooks import verification
from . import relay_parts
from .access import guard
from .board import live_since
from .relay_parts import Places

bp = Blueprint("relay", __name__, url_prefix="/relay")
guard(bp, Permission.MANAGE_RELAY)


@bp.get("")
def index() -> str:
    live_since()
    return render_template("pages/relay.html", tenant=current_tenant(), part=relay_parts.list_part())


@bp.get("/<name>")
def show(name: str) -> str:
    return show_page(name)


def show_page(name: str, new_secret: str | None = None) -> str:
    """A destination's page; with `new_secret`, the signing secret that is shown once."""
    live_since()
    places = Places.from_request()
    destination = relay_parts.find(name)
    return render_template(
        "pages/relay_destination.html",
        destination=destination,
        places=places,
        part=relay_parts.destination_part(destination, places),
        new_secret=new_secret,
        verification=_verification() if destination.kind == WEBHOOK else None,
    )


@bp.get("/<name>/deliveries/<int:delivery_id>")
def delivery(name: str, delivery_id: int) -> str:
    live_since()
    part = relay_parts.delivery_part(relay_parts.find(name), delivery_id)
    if part is None:
        abort(404)
    return render_template("pages/relay_delivery.html", name=name, delivery_id=delivery_id, part=part)


@bp.app_context_processor
def _page_parts() -> dict[str, Any]:
    return {"relay_badge": relay_parts.badge}


@cache
def _verification() -> str:
    """The code that a receiver copies to verify a webhook."""
    return inspect.getsource(verification)
