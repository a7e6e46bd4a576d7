"""Runs the migrations on the app's own engine (`flask db upgrade`). Partitions of order_events are not the models' matter."""

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
    connection.execute(text("SET statement_timeout = 0"))  # a page's limits are not a migration's
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()
