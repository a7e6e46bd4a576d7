"""Renders of a TV's screens, shared by all TVs of the same TvScope, at the pace of the board's panels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from flask import render_template, request
from markupsafe import Markup

from ..accounts.current import current_locale
from ..models import Tenant
from ..panels import snapshot
from ..panels.costs import PROCESS
from ..panels.pacing import Pacing
from ..panels.render import Render, RenderRequest
from ..queries.day import today
from ..server import static_files
from ..services import services
from ..signals.log_follower import Log
from ..tv import options
from ..tv.links import FoundTv
from ..tv.screens import SCREENS
from .render_requests import render_request
from .renders import rendered


class TvScope(NamedTuple):
    """All that a screen's content depends on beside the data. A render with `hides_money` has no amount in it."""

    tenant_id: int
    locale: str
    timezone: str
    currency: str
    shows_ranking: bool
    hides_money: bool


def screens(found: FoundTv, names: Iterable[str], log: Log | None, first_paint: bool = False) -> dict[str, Render]:
    """The screens by name. Raises the error of the first that failed."""
    chosen = list(names)
    jobs = [_job(found, name, first_paint) for name in chosen]
    renders: dict[str, Render] = {}
    for name, render in zip(chosen, services().renders.get_all(jobs, log), strict=True):
        if isinstance(render, Exception):
            raise render
        renders[name] = render
    return renders


def pacing(tenant: Tenant) -> Pacing:
    return PROCESS.pacing(services().hub.viewers(tenant.id))


def version(found: FoundTv) -> str:
    """A hash of all that the page itself depends on. A TV with another one loads its page again."""
    tenant = found.tenant
    parts = [options.of(found.link).values, tenant.name, tenant.timezone, tenant.locale, tenant.currency]
    text = repr([*parts, tenant.shows_ranking, static_files.version()])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _job(found: FoundTv, name: str, first_paint: bool) -> tuple[RenderRequest, Callable[[], Render]]:
    tenant = found.tenant
    scope = TvScope(
        tenant.id,
        current_locale(),
        tenant.timezone,
        tenant.currency,
        tenant.shows_ranking,
        found.link.hides_money,
    )
    key = (f"tv/{name}", request.root_path, scope)
    wanted = render_request(key, SCREENS[name], tenant, _now(), pacing(tenant).round_seconds, first_paint)
    return wanted, lambda: _paint(name, tenant, scope.hides_money)


def _paint(name: str, tenant: Tenant, hides_money: bool) -> Render:
    now = _now()
    data = snapshot.read(SCREENS[name].panels, tenant, now)
    if failed := next((each for each in data.values() if isinstance(each, Exception)), None):
        raise failed
    day = today(tenant.timezone, now).date
    html = render_template(f"tv/{name}.html", **data, hides_money=hides_money, today=day)
    return rendered(Markup(html), now)  # noqa: S704 - escaped by Jinja


def _now() -> datetime:
    return datetime.fromtimestamp(services().renders.epoch(), UTC)
