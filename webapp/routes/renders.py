"""Renders of panels from their data and their templates."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from flask import render_template
from markupsafe import Markup

from ..accounts.current import current_only_owner, current_tenant
from ..display.filters import clock_text
from ..panels import snapshot
from ..panels.groups import PanelGroup
from ..panels.personal import SharedData
from ..panels.registry import PANELS
from ..panels.render import GroupRender, Render
from ..queries.day import today
from ..services import services


def group_render(group: PanelGroup, now: datetime) -> GroupRender:
    tenant = current_tenant()
    day = today(tenant.timezone, now).date
    data = snapshot.read(group.panels, tenant, now, current_only_owner())
    return GroupRender({name: _panel_render(name, found, now, day) for name, found in data.items()})


def _panel_render(name: str, data: Any, now: datetime, day: date) -> Render | Exception:
    if isinstance(data, Exception):
        return data
    if PANELS[name].is_personal:
        return SharedData(Markup(), b"", "", now, clock_text(now), data)
    return rendered(Markup(render_template(f"panels/{name}.html", data=data, today=day)), now)  # noqa: S704 - escaped


def own_render(name: str, key: Hashable, shared: SharedData, user_id: int) -> Render:
    """The user's own fragment of the personal panel `name`."""

    def paint(own: Any) -> Render:
        html = Markup(render_template(f"panels/{name}.html", data=own))  # noqa: S704 - escaped by Jinja
        return replace(rendered(html, shared.moment), as_of=shared.as_of)

    return services().renders.personal.get(key, user_id, shared, paint)


def rendered(html: Markup, now: datetime) -> Render:
    body = html.encode()
    return Render(html, body, hashlib.sha1(body, usedforsecurity=False).hexdigest(), now, clock_text(now))
