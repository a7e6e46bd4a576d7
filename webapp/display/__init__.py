"""Formats of numbers, money, times and charts, and links: Jinja filters and functions, and geometry."""

from __future__ import annotations

from flask import Flask

from . import audit_details, chart_filters, filters, order_labels, order_links, page_language, tv_filters


def init_app(app: Flask) -> None:
    """Install the template filters and functions."""
    all_filters = filters.FILTERS | chart_filters.FILTERS | tv_filters.FILTERS
    app.jinja_env.filters.update({name: filters.per_render(text) for name, text in all_filters.items()})
    names = order_links.GLOBALS | order_labels.GLOBALS | page_language.GLOBALS | audit_details.GLOBALS
    app.jinja_env.globals.update(names)
