"""The functions of one attachment: four for its triggers, one that copies rows, one that compares them.

Each runs with the rights of ROLE, with a fixed search_path and fixed formats, whatever the session that writes the table has
set.
"""

from __future__ import annotations

from . import apply_row_sql, apply_sql, guarded_sql
from .mapped_sql import RESULT, AttachTarget, key, literal, mapped

# The backfill and the check put rows of the table here, so that expressions never run with Doorbell's own rights.
CHUNK = "pg_temp.attach_rows"
_SETTINGS = {
    "TimeZone": None,
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    # Plans are kept. One that was made for an empty orders would read all of it per row later.
    "enable_seqscan": "off",
    # Planning takes longer than a statement of one row.
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}
# The time of a status that a write gives and that has none of its own: now, unless the write loads history, a row that is new
# to Doorbell and placed more than a day ago.
_NOW = """CASE WHEN o.id IS NULL AND m.placed_at < pg_catalog.now() - pg_catalog.make_interval(days => 1)
               THEN least(coalesce(m.changed_at, m.placed_at), pg_catalog.now()) ELSE pg_catalog.now() END"""


def names(target: AttachTarget) -> dict[str, str]:
    """The quoted names of the functions by their purpose."""
    schema = '"' + target.schema.replace('"', '""') + '"'
    purposes = ("inserted", "updated", "deleted", "truncated", "written", "copy", "compare")
    return {purpose: f"{schema}.attach_{target.id}_{purpose}" for purpose in purposes}


def functions(target: AttachTarget) -> dict[str, str]:
    """CREATE FUNCTION by the signature."""
    named = names(target)
    bodies = {"truncated": _truncated(target)}
    if target.is_replica:
        bodies["written"] = _written(target)
    else:
        bodies |= {"inserted": _inserted(target), "updated": _updated(target), "deleted": _deleted(target)}
    found = {
        f"{named[name]}()": _as_function(_head(target, named[name], "trigger"), body) for name, body in bodies.items()
    }
    found[f"{named['copy']}()"] = _copy(target, named["copy"])
    found[f"{named['compare']}()"] = _compare(target, named["compare"])
    return found


def approximate_of_old_rows(target: AttachTarget) -> str:
    """The time of a status of a row that was written before, in the columns of the mapping."""
    return "least(coalesce(m.changed_at, m.placed_at), pg_catalog.now())"


def _head(target: AttachTarget, name: str, returns: str) -> str:
    settings = {**_SETTINGS, "TimeZone": target.mapping.zone}
    schema = '"' + target.schema.replace('"', '""') + '"'
    sets = "".join(f"\n    SET {setting} = {literal(value or '')}" for setting, value in settings.items())
    return f"""CREATE FUNCTION {name}() RETURNS {returns} LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, {schema}, pg_temp{sets}"""


def _tag(body: str) -> str:
    """A dollar quote that the body, and so no expression of the mapping, contains."""
    number = 0
    while f"$attach{number}$" in body:
        number += 1
    return f"$attach{number}$"


def _applied(target: AttachTarget, table: str, gone: str, approximate: str, end: str, **options: bool) -> str:
    """The body of a function that applies the rows of a table."""
    rows = table if table == CHUNK else target.table.computed_rows(table)
    row = f"(SELECT x.* FROM {rows} AS x WHERE attach_key IS NULL OR {key(target.table, 'x')} = attach_key)"
    bulk = apply_sql.apply(target, rows, approximate, **options)
    single = apply_row_sql.apply(target, row, approximate, **options)
    return guarded_sql.row_by_row(target, table, gone, bulk, single, end)


def _inserted(target: AttachTarget) -> str:
    return _applied(target, "new_rows", "", _NOW, "RETURN NULL;", is_new=True)


def _updated(target: AttachTarget) -> str:
    """Rows whose primary key changed are other orders: the old key's is deleted."""
    old, new = (f"SELECT {key(target.table)} AS external_id FROM {rows} AS t" for rows in ("old_rows", "new_rows"))
    gone = f"""attach_gone := ARRAY({old} EXCEPT {new});
        IF pg_catalog.cardinality(attach_gone) > 0 THEN
            {apply_sql.delete(target, "SELECT g.external_id FROM unnest(attach_gone) AS g (external_id)")}
        END IF;"""
    return _applied(target, "new_rows", gone, _NOW, "RETURN NULL;")


def _deleted(target: AttachTarget) -> str:
    gone = apply_sql.delete(target, f"SELECT {key(target.table)} AS external_id FROM old_rows AS t")
    return guarded_sql.once(target, gone)


def _truncated(target: AttachTarget) -> str:
    """BEFORE TRUNCATE, when the rows of a partition can still be read. The table is locked by then."""
    if not target.table.is_partitioned:
        return guarded_sql.once(target, apply_sql.delete_all(target))
    place = "%attach_table%"
    keys = f"SELECT {key(target.table)} AS external_id FROM {place} AS t"
    executed = "\n        ".join(
        f"EXECUTE pg_catalog.replace({literal(statement)}, {literal(place)}, attach_key);"
        for statement in apply_sql.delete_statements(target, keys)
    )
    body = f"""attach_key := pg_catalog.quote_ident(TG_TABLE_SCHEMA) || '.' || pg_catalog.quote_ident(TG_TABLE_NAME);
        {executed}"""
    return guarded_sql.once(target, body)


def _written(target: AttachTarget) -> str:
    """For each row, because logical replication fires no statement triggers."""
    new, old = key(target.table, "NEW"), key(target.table, "OLD")
    gone = f"""IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND {old} IS DISTINCT FROM {new} THEN
            {apply_sql.delete(target, f"SELECT {old} AS external_id")}
        END IF;"""
    rows = target.table.computed_rows("(SELECT NEW.*)")
    single = f"IF TG_OP <> 'DELETE' THEN\n{apply_row_sql.apply(target, rows, _NOW)}\n        END IF;"
    return guarded_sql.row_by_row(target, None, gone, "", single, "RETURN NULL;")


def _copy(target: AttachTarget, name: str) -> str:
    """Returns how many orders were missing, stale and ghosts."""
    body = _applied(target, CHUNK, "", approximate_of_old_rows(target), "RETURN;", counts=True)
    head = _head(target, name, "record").replace("()", "(OUT missing bigint, OUT stale bigint, OUT ghosts bigint)", 1)
    return _as_function(head, body.replace("BEGIN\n", "BEGIN\n    missing := 0; stale := 0; ghosts := 0;\n", 1))


def _compare(target: AttachTarget, name: str) -> str:
    """Each row of the chunk as an order, with its difference from the order there is."""
    columns = ", ".join(f"d.{column}" for column in RESULT)
    types = {
        "tenant_id": "bigint",
        "owner_id": "bigint",
        "total_minor": "bigint",
        "refunded_minor": "bigint",
        "is_excluded": "boolean",
    }
    returned = ", ".join(
        f"{column} {types.get(column, 'timestamptz' if column.endswith('_at') else 'text')}" for column in RESULT
    )
    query = mapped(target, CHUNK, approximate_of_old_rows(target))
    body = f"BEGIN\n    RETURN QUERY SELECT {columns} FROM (\n{query}\n) AS d;\nEND "
    return _as_function(_head(target, name, f"TABLE ({returned})"), body)


def _as_function(head: str, body: str) -> str:
    tag = _tag(body)
    return f"{head}\nAS {tag}\n#variable_conflict use_column\n{body}{tag}"
