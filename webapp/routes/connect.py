"""The page with the four ways to connect orders, with the tenant's own values in its examples."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, current_app, render_template, url_for
from flask_login import current_user

from ..accounts.current import current_locale, current_tenant
from ..accounts.permissions import Permission, may
from ..money import money_text

# Pages that do it in the browser, where there are such.
IMPORT_PATH, ATTACH_PATH = "/orders/import", "/attached"
# The total of the example, in minor units.
EXAMPLE_MINOR = 12_900

bp = Blueprint("connect", __name__)


@bp.get("/connect")
def index() -> str:
    tenant = current_tenant()
    amount = money_text(EXAMPLE_MINOR, tenant.currency, current_locale())
    return render_template("pages/connect.html", tenant=tenant, minor=EXAMPLE_MINOR, amount=amount)


@bp.app_context_processor
def _links() -> dict[str, Any]:
    return {
        "import_url": partial(_url, IMPORT_PATH, Permission.IMPORT_ORDERS),
        "attach_url": partial(_url, ATTACH_PATH, Permission.ATTACH_TABLES),
    }


def _url(path: str, permission: Permission) -> str | None:
    """The address of the page, or None where there is no such page for the user."""
    if not may(current_user, permission):
        return None
    for rule in current_app.url_map.iter_rules():
        if rule.rule == path and rule.methods and "GET" in rule.methods:
            return url_for(rule.endpoint)
    return None
