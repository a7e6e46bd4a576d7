"""Runs the migrations on the app's own engine (`flask db upgrade`). The models leave out the partitions of order_events."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import text

extension = current_app.extensions["migrate"]


def include_object(_object: Any, name: str | None, type_: str, reflected: bool, _compare_to: Any) -> bool:
    return not (type_ == "table" and reflected and (name or "").startswith("order_events_"))


with extension.db.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=extension.db.metadata,
        include_object=include_object,
        **extension.configure_args,
    )
    connection.execute(text("SET statement_timeout = 0"))  # no limit of pages
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()
