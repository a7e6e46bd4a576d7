"""The page with the four ways to connect orders, with the tenant's own values in its examples."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template, url_for

from ..accounts.current import current_tenant
from ..money import money_text

# The page of imports in the browser, where there is one.
IMPORT_PATH = "/orders/import"
# The total of the example, in minor units.
EXAMPLE_MINOR = 12_900

bp = Blueprint("connect", __name__)


@bp.get("/connect")
def index() -> str:
    tenant = current_tenant()
    amount = money_text(EXAMPLE_MINOR, tenant.currency, tenant.locale)
    return render_template("pages/connect.html", tenant=tenant, minor=EXAMPLE_MINOR, amount=amount)


@bp.app_context_processor
def _links() -> dict[str, Any]:
    return {"import_url": import_url}


def import_url() -> str | None:
    """The address of the page that imports files, or None without such a page."""
    for rule in current_app.url_map.iter_rules():
        if rule.rule == IMPORT_PATH and rule.methods and "GET" in rule.methods:
            return url_for(rule.endpoint)
    return None
