"""Renders of panels from their data and their templates."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Any

from flask import render_template
from markupsafe import Markup

from ..accounts.current import current_tenant
from ..display.filters import clock_text
from ..panels import snapshot
from ..panels.groups import PanelGroup
from ..panels.render import GroupRender, Render
from ..queries.day import today


def group_render(group: PanelGroup, now: datetime) -> GroupRender:
    tenant = current_tenant()
    day = today(tenant.timezone, now).date
    data = snapshot.read(group.panels, tenant, now)
    return GroupRender({name: _panel_render(name, found, now, day) for name, found in data.items()})


def _panel_render(name: str, data: Any, now: datetime, day: date) -> Render | Exception:
    if isinstance(data, Exception):
        return data
    return rendered(Markup(render_template(f"panels/{name}.html", data=data, today=day)), now)  # noqa: S704 - escaped


def rendered(html: Markup, now: datetime) -> Render:
    body = html.encode()
    return Render(html, body, hashlib.sha1(body, usedforsecurity=False).hexdigest(), now, clock_text(now))
