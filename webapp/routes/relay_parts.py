"""The live parts of the relay's pages, and the journey of an order's events. For admins only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import abort, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from ..accounts.current import current_tenant
from ..accounts.permissions import Permission
from ..db import driver_connection
from ..display import clock
from ..display.filters import number_text
from ..events.catalog import TYPES
from ..language import ngettext
from ..panels.render import Render
from ..queries import relay as queries
from ..queries import relay_deliveries
from ..queries.day import today
from ..queries.relay import AuditEntry
from ..relay import destinations, journey, overview
from ..relay.destinations import Destination
from ..relay.overview import Overview
from .access import needs
from .page_parts import part_of
from .panels import bp, fragment, rendered

# Greater than any id.
NEWEST = 2**63 - 1


@dataclass(frozen=True)
class Places:
    """Where the lists of a destination's page begin: after a dead letter, before a delivery, before an entry of the log."""

    dead: int = 0
    deliveries: int = NEWEST
    audit: int = NEWEST

    @classmethod
    def from_request(cls) -> Places:
        return cls(**{name: _id(request.args.get(name)) or default for name, default in cls().__dict__.items()})

    @property
    def arguments(self) -> dict[str, int]:
        """Those that are not at the beginning, for an address."""
        return {name: value for name, value in self.__dict__.items() if value != getattr(Places(), name)}

    def at(self, **changed: int) -> dict[str, int]:
        """The arguments of another place of one list."""
        return self.arguments | changed


def find(name: str) -> Destination:
    """The destination; 404 when the user's tenant sees no destination of this name."""
    with driver_connection() as conn:
        destination = destinations.visible_by_name(conn, current_tenant().id, name)
    if destination is None:
        abort(404)
    return destination


def list_part() -> Render:
    tenant = current_tenant()
    with driver_connection() as conn:
        found = overview.read(conn, destinations.visible(conn, tenant.id))
    return _part("panels/relay.html", found=found)


def destination_part(destination: Destination, places: Places) -> Render:
    with driver_connection() as conn:
        shown = overview.read(conn, [destination])
    if not shown:
        return part_of("panels/relay_gone.html")
    return _part("panels/relay_destination.html", view=shown[0], places=places, types=TYPES, **_lists(shown[0], places))


def _lists(view: Overview, places: Places) -> dict[str, Any]:
    tenant_id, destination = current_tenant().id, view.destination
    is_webhook = view.is_webhook
    return {
        "dead": queries.dead_letters(tenant_id, destination.id, is_webhook, places.dead),
        "deliveries": relay_deliveries.newest(tenant_id, destination.id, places.deliveries) if is_webhook else [],
        "audit": _without_addresses(
            queries.audit_log(destination.name, destination.tenant_id, destination.created_at, places.audit)
        ),
        "rows": queries.PAGE_ROWS,
    }


def _without_addresses(entries: list[AuditEntry]) -> list[AuditEntry]:
    """The entries without the address, because the path of a webhook may be a secret."""
    return [replace(entry, details="") if entry.verb in ("added", "removed") else entry for entry in entries]


def delivery_part(destination: Destination, delivery_id: int) -> Render | None:
    """One delivery; None when the destination has no such delivery for the tenant."""
    page = relay_deliveries.page(current_tenant().id, destination.id, delivery_id)
    return None if page is None else _part("panels/relay_delivery.html", page=page, name=destination.name)


def journey_part(order_id: int) -> Render | None:
    """The journey of an order's events; None when there are no destinations."""
    with driver_connection() as conn:
        events = journey.read(conn, current_tenant().id, order_id)
    return None if events is None else _part("panels/journey.html", events=events, order_id=order_id)


def badge() -> Markup:
    """The number of destinations that need attention, "" for none. For admins."""
    count = queries.needing_attention(current_tenant().id)
    if not count:
        return Markup("")
    number = number_text(count)
    words = ngettext("%(num)s destination needs attention", "%(num)s destinations need attention", count, num=number)
    return Markup(
        '<span class="nav-badge" aria-hidden="true">{}</span><span class="visually-hidden">, {}</span>'
    ).format(number, words)


def _part(template: str, **values: Any) -> Render:
    tenant = current_tenant()
    return part_of(template, today=today(tenant.timezone, clock.now()).date, tenant=tenant, **values)


def _id(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


@bp.get("/relay", endpoint="relay")
@needs(Permission.MANAGE_RELAY)
def show_list() -> ResponseReturnValue:
    return fragment(list_part())


@bp.get("/relay/badge", endpoint="relay_badge")
@needs(Permission.MANAGE_RELAY)
def show_badge() -> ResponseReturnValue:
    return fragment(rendered(badge(), clock.now()))


@bp.get("/relay/destinations/<name>", endpoint="relay_destination")
@needs(Permission.MANAGE_RELAY)
def show_destination(name: str) -> ResponseReturnValue:
    """One destination. For one that was removed, a notice in its place."""
    with driver_connection() as conn:
        destination = destinations.visible_by_name(conn, current_tenant().id, name)
    if destination is None:
        return fragment(part_of("panels/relay_gone.html"))
    return fragment(destination_part(destination, Places.from_request()))


@bp.get("/relay/destinations/<name>/deliveries/<int:delivery_id>", endpoint="relay_delivery")
@needs(Permission.MANAGE_RELAY)
def show_delivery(name: str, delivery_id: int) -> ResponseReturnValue:
    part = delivery_part(find(name), delivery_id)
    return fragment(part_of("panels/relay_gone.html") if part is None else part)


@bp.get("/orders/<int:order_id>/journey", endpoint="journey")
@needs(Permission.MANAGE_RELAY)
def show_journey(order_id: int) -> ResponseReturnValue:
    part = journey_part(order_id)
    return fragment(rendered(Markup(""), clock.now()) if part is None else part)
