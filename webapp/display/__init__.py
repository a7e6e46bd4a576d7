"""Formats of numbers, money, times and charts: Jinja filters and geometry."""

from __future__ import annotations

from flask import Flask

from . import chart_filters, filters


def init_app(app: Flask) -> None:
    """Install the template filters."""
    filters.init_app(app)
    chart_filters.init_app(app)
