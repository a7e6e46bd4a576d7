"""The statements that write orders: insert or update those of rows, delete those of keys.

Orders are found by keys in ways that have one plan. Functions keep their plans, and a join that was planned for a statement of
a million rows would read all orders at the next statement of one row.
"""

from __future__ import annotations

from .mapped_sql import COMPARED, AttachTarget, literal, mapped

# Rows of a failed statement that are tried one by one, and rows of a statement that are listed as problems.
MAX_SINGLE_ROWS = 1000
DEPENDENTS = ("notifications", "order_lines")
COPIED = ("tenant_id", *COMPARED[:3], "currency", *COMPARED[3:])
WRITTEN = f"{', '.join(COPIED)}, source, external_id"
CONFLICT = "ON CONFLICT (source, external_id, tenant_id) WHERE external_id IS NOT NULL"


def delete_statements(target: AttachTarget, keys: str) -> list[str]:
    """The statements that delete the orders of `keys`, a SELECT of the column external_id."""
    found = f"""ARRAY(
            SELECT x.id FROM ({keys}) AS gone CROSS JOIN LATERAL (
                SELECT i.id FROM orders i
                WHERE i.source = {literal(target.name)} AND i.external_id = gone.external_id OFFSET 0) AS x)"""
    return [*_dependents(target, found), f"DELETE FROM orders o WHERE o.id = ANY ({found})"]


def delete(target: AttachTarget, keys: str) -> str:
    """`delete_statements` as part of a function."""
    return "".join(f"{statement};\n        " for statement in delete_statements(target, keys))


def delete_all(target: AttachTarget) -> str:
    """Delete all orders of the table."""
    where = f"o.source = {literal(target.name)} AND o.external_id IS NOT NULL"
    found = f"ARRAY(SELECT o.id FROM orders o WHERE {where})"
    return "".join(
        f"{statement};\n        " for statement in [*_dependents(target, found), f"DELETE FROM orders o WHERE {where}"]
    )


def apply(target: AttachTarget, rows: str, approximate: str, *, is_new: bool = False, counts: bool = False) -> str:
    """Insert or update the orders of `rows`, delete those of excluded rows, and note the rows that cannot be mapped."""
    # A new row may meet the order of an earlier row of its key, which a check is about to delete. So the order is locked
    # even if it is the same.
    which = "f.reason IS NULL AND NOT f.is_excluded" if is_new else "f.difference IN ('missing', 'stale')"
    counted = "" if not counts else _COUNTED
    return f"""        WITH found AS MATERIALIZED (
{mapped(target, rows, approximate)}
        ), placed AS (
            INSERT INTO orders AS o ({WRITTEN})
            SELECT {", ".join(f"f.{column}" for column in COPIED)}, {literal(target.name)}, f.external_id
            FROM found f WHERE {which}
            {CONFLICT} DO UPDATE SET {sets(is_new=is_new)}
        ), removed AS (
            DELETE FROM orders o WHERE o.id = ANY ({_GHOSTS})
        ){_moved(target)}{_removed_dependents(target)}, wrong AS (
            SELECT f.external_id, f.reason FROM found f WHERE f.reason IS NOT NULL LIMIT {MAX_SINGLE_ROWS + 1}
        )
        SELECT pg_catalog.array_agg(w.external_id), pg_catalog.array_agg(w.reason), {_COUNTS}
        INTO attach_wrong, attach_reasons, attach_counts FROM wrong w;
        IF attach_wrong IS NOT NULL THEN
            PERFORM attach_problem({target.id}, w.external_id, 'mapping', w.reason)
            FROM unnest(attach_wrong[1:{MAX_SINGLE_ROWS}], attach_reasons[1:{MAX_SINGLE_ROWS}])
                AS w (external_id, reason);
            IF pg_catalog.cardinality(attach_wrong) > {MAX_SINGLE_ROWS} THEN
                PERFORM attach_problem(
                    {target.id}, NULL, 'mapping', 'more than {MAX_SINGLE_ROWS} rows of one statement cannot be mapped');
            END IF;
        END IF;{counted}"""


_GHOSTS = "ARRAY(SELECT f.order_id FROM found f WHERE f.difference = 'ghost')"
_COUNTS = """(
            SELECT ARRAY[count(*) FILTER (WHERE f.difference = 'missing'), count(*) FILTER (WHERE f.difference = 'stale'),
                         count(*) FILTER (WHERE f.difference = 'ghost')] FROM found f)"""
_COUNTED = """
        missing := missing + attach_counts[1];
        stale := stale + attach_counts[2];
        ghosts := ghosts + attach_counts[3];"""


def sets(*, is_new: bool) -> str:
    sets = ", ".join(f"{column} = excluded.{column}" for column in COMPARED) + ", updated_at = pg_catalog.now()"
    was, now = (", ".join(f"{row}.{column}" for column in COMPARED) for row in ("o", "excluded"))
    return f"{sets}\n            WHERE ({was}) IS DISTINCT FROM ({now})" if is_new else sets


def _moved(target: AttachTarget) -> str:
    """The order that a row had at another tenant."""
    if target.tenant_id is not None:
        return ""
    return f""", moved AS (
            DELETE FROM orders o WHERE o.id = ANY (ARRAY(
                SELECT x.id FROM found f CROSS JOIN LATERAL (
                    SELECT i.id FROM orders i
                    WHERE i.source = {literal(target.name)} AND i.external_id = f.external_id AND i.tenant_id <> f.tenant_id
                    OFFSET 0) AS x))
        )"""


def _dependents(target: AttachTarget, orders: str) -> list[str]:
    """Foreign keys do not cascade in a session with the replica role, which logical replication has."""
    if not target.is_replica:
        return []
    return [
        f"""DELETE FROM {table} d USING orders o WHERE o.id = ANY ({orders})
            AND d.tenant_id = o.tenant_id AND d.order_id = o.id"""
        for table in DEPENDENTS
    ]


def _removed_dependents(target: AttachTarget) -> str:
    if not target.is_replica:
        return ""
    return "".join(
        f""", removed_{table} AS (
            DELETE FROM {table} d USING found f
            WHERE f.difference = 'ghost' AND d.tenant_id = f.tenant_id AND d.order_id = f.order_id
        )"""
        for table in DEPENDENTS
    )
