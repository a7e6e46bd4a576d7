"""Conditions on the primary key of a company's table, for rows after a key and for rows of given orders."""

from __future__ import annotations

from typing import Any

from .mapped_sql import AttachTarget


def key_lists(target: AttachTarget, letter: str = "k") -> tuple[str, str]:
    """The columns of the primary key, and the placeholders %(k0)s, … with their types."""
    columns = target.table.key
    names = ", ".join(f"t.{column.sql}" for column in columns)
    return names, ", ".join(f"%({letter}{at})s::{column.type}" for at, column in enumerate(columns))


def values_of(key: list[str] | None, letter: str = "k") -> dict[str, str]:
    """The values of these placeholders."""
    return {f"{letter}{at}": text for at, text in enumerate(key or ())}


def texts(target: AttachTarget) -> str:
    """The columns of the primary key as texts."""
    return ", ".join(f"t.{column.sql}::text" for column in target.table.key)


def of_orders(target: AttachTarget, external_ids: list[str]) -> tuple[str, dict[str, Any]]:
    """The condition on the rows of these orders, in a form that the index of the primary key serves."""
    columns = target.table.key
    if len(columns) == 1:
        return f"t.{columns[0].sql} = ANY (%(keys)s::text[]::{columns[0].type}[])", {"keys": external_ids}
    parts = ", ".join(f"(k.value ->> {at})::{column.type}" for at, column in enumerate(columns))
    names = ", ".join(f"t.{column.sql}" for column in columns)
    listed = "unnest(%(keys)s::text[]::jsonb[]) AS k (value)"
    return f"({names}) IN (SELECT {parts} FROM {listed})", {"keys": external_ids}
