"""The board, and what each signed-in page contains: the stream's start, the bell and the page's clock."""

from __future__ import annotations

from typing import Any

from babel.numbers import get_currency_precision
from flask import Blueprint, g, render_template
from flask_login import current_user
from markupsafe import Markup

from ..accounts.current import current_locale, current_only_owner, current_tenant
from ..accounts.permissions import sells
from ..display import clock, shortcuts
from ..language.locales import tag
from ..language.script_texts import script_texts
from ..panels.pacing import BELL_TIMES, LIST_TIMES, PART_TIMES, Pacing
from ..panels.registry import PANELS
from ..queries import inbox
from ..queries.day import today
from ..services import services
from ..signals import signal_log
from . import pace
from .panels import render_inbox, shared_panels

# Page intervals between two refetches of the live parts beside the panels.
PACE_TIMES = {"list": LIST_TIMES, "part": PART_TIMES, "bell": BELL_TIMES}

bp = Blueprint("board", __name__)


@bp.get("/")
def index() -> str:
    live_since()
    tenant = current_tenant()
    renders = shared_panels(PANELS.values(), first_paint=True)
    now = min(render.moment for render in renders.values())  # "as of" of the page
    day = today(tenant.timezone, clock.now()).date
    values = {"panels": PANELS, "renders": renders, "sells": sells(current_user)}
    return render_template("pages/board.html", tenant=tenant, now=now, today=day, **values)


def live_since() -> int:
    """The seq at which this page's stream starts, read once per request and before any live part is queried.

    So the page receives a change between its render and its connection, instead of missing it.
    """
    if "live_since" not in g:
        g.live_since = signal_log.latest_seq(services().redis, current_user.tenant_id)
    since: int = g.live_since
    return since


def inbox_bell() -> Markup:
    """The bell of the top bar, from the query and template of its panel."""
    live_since()
    data = inbox.read(current_tenant(), clock.now(), current_user)
    return Markup(render_template("components/bell.html", data=data, html=render_inbox(data)))  # noqa: S704 - escaped


@bp.app_context_processor
def _page_parts() -> dict[str, Any]:
    return {
        "live_since": live_since,
        "inbox_bell": inbox_bell,
        "page_clock": page_clock,
        "page_pace": page_pace,
        "page_money": page_money,
        "sees_only_own": lambda: current_only_owner() is not None,
        "script_texts": script_texts,
        "pace_times": PACE_TIMES,
        "shortcut_pages": shortcuts.go_to,
        "shortcut_actions": shortcuts.actions,
    }


def page_pace() -> Pacing:
    """The pacing at first paint, with this page's stream. Later signals carry the present one."""
    return pace.present(new_pages=1)


def page_clock() -> dict[str, str]:
    """The server's clock in epoch ms, the tenant's zone and the tenant's date, for minute.js."""
    now, zone = clock.now(), current_tenant().timezone
    return {"now": str(int(now.timestamp() * 1000)), "zone": zone, "day": today(zone, now).date.isoformat()}


def page_money() -> dict[str, str]:
    """How fold.js writes a sum of money: the page's locale, the tenant's currency, and the currency's decimals."""
    currency = current_tenant().currency
    # The digits are 0 to 9 in all languages, as Babel writes them.
    locale = f"{tag(current_locale())}-u-nu-latn"
    return {"locale": locale, "currency": currency, "digits": str(get_currency_precision(currency))}
