"""The statements that write the order of one row.

Each statement on orders has a price even if it changes no order: its triggers fire. So the row is mapped first, and only the
statement that its difference needs is executed.
"""

from __future__ import annotations

from .apply_sql import CONFLICT, COPIED, DEPENDENTS, WRITTEN, sets
from .mapped_sql import COMPARED, RESULT, AttachTarget, literal, mapped


def apply(target: AttachTarget, rows: str, approximate: str, *, is_new: bool = False, counts: bool = False) -> str:
    """As apply_sql.apply(), for the only row of `rows`, or none."""
    columns = ", ".join(f"d.{column}" for column in (*RESULT, "order_id"))
    values = ", ".join(f"attach_row.{column}" for column in COPIED)
    insert = f"""INSERT INTO orders AS o ({WRITTEN})
                VALUES ({values}, {literal(target.name)}, attach_row.external_id)
                {CONFLICT}"""
    # An upsert fires the triggers for inserts and those for updates.
    upsert = f"{insert} DO UPDATE SET {sets(is_new=is_new)};"
    insert = f"{insert} DO NOTHING;"
    update = f"""UPDATE orders o SET {_set_values()}
                WHERE o.tenant_id = attach_row.tenant_id AND o.id = attach_row.order_id;"""
    if is_new:
        writes, first = "attach_row.reason IS NULL AND NOT attach_row.is_excluded", insert
    else:
        writes = "attach_row.difference IN ('missing', 'stale')"
        first = f"""IF attach_row.difference = 'stale' THEN
                {update}
            ELSE
                {insert}
            END IF;"""
    return f"""        SELECT {columns} INTO attach_row FROM (
{mapped(target, rows, approximate)}
        ) AS d;{_moved(target)}
        IF attach_row.reason IS NOT NULL THEN
            PERFORM attach_problem({target.id}, attach_row.external_id, 'mapping', attach_row.reason);
        ELSIF attach_row.difference = 'ghost' THEN
            {_removed(target)}
        ELSIF {writes} THEN
            {first}
            -- Another session has written or deleted the order meanwhile.
            IF NOT FOUND THEN
                {upsert}
            END IF;
        END IF;{_COUNTED if counts else ""}"""


_COUNTED = """
        missing := missing + coalesce((attach_row.difference = 'missing')::integer, 0);
        stale := stale + coalesce((attach_row.difference = 'stale')::integer, 0);
        ghosts := ghosts + coalesce((attach_row.difference = 'ghost')::integer, 0);"""


def _set_values() -> str:
    return ", ".join(f"{column} = attach_row.{column}" for column in COMPARED) + ", updated_at = pg_catalog.now()"


def _removed(target: AttachTarget) -> str:
    order = "tenant_id = attach_row.tenant_id AND {} = attach_row.order_id"
    statements = [f"DELETE FROM {table} WHERE {order.format('order_id')};" for table in DEPENDENTS if target.is_replica]
    return "\n            ".join([*statements, f"DELETE FROM orders WHERE {order.format('id')};"])


def _moved(target: AttachTarget) -> str:
    """Deletes the order that the row had at another tenant."""
    if target.tenant_id is not None:
        return ""
    others = f"""FROM orders o WHERE o.source = {literal(target.name)} AND o.external_id = attach_row.external_id
            AND o.tenant_id <> attach_row.tenant_id"""
    return f"""
        IF EXISTS (SELECT {others}) THEN
            DELETE {others};
        END IF;"""
