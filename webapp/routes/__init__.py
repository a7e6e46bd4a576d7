"""HTTP only: each module answers for one noun and calls orders, queries or signals."""

from __future__ import annotations

from flask import Flask

from .. import stream
from . import auth, board, health, inbox, metrics, order_verbs, orders, orders_list, page_parts, panel_fast_path, panels
from .order_number import OrderNumber


def register(app: Flask) -> None:
    app.url_map.converters["order_number"] = OrderNumber
    assert order_verbs.bp is orders.bp  # its routes hang below the orders' own
    assert page_parts.bp is orders_list.bp is panels.bp
    for module in (auth, board, panels, inbox, orders, health, metrics, stream):
        app.register_blueprint(module.bp)
    panel_fast_path.init_app(app)
