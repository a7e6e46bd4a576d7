"""The functions of one attachment: four for its triggers, one that copies rows, one that compares them.

Each runs with the rights of ROLE, with a fixed search_path and fixed formats, whatever the session that writes the table has
set. An error of the mapping ends in attach_problems. Serialization failures and deadlocks are passed on, because only the
writer can repeat its transaction.
"""

from __future__ import annotations

from .mapped_sql import COMPARED, RESULT, Target, key, literal, mapped

# Rows of a failed statement that are tried one by one. Each try is a subtransaction.
MAX_SINGLE_ROWS = 1000
DEPENDENTS = ("notifications", "order_lines")
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
    "jit": "off",
}
_COPIED = ("tenant_id", *COMPARED[:3], "currency", *COMPARED[3:])


def names(target: Target) -> dict[str, str]:
    """The quoted names of the functions by their purpose."""
    schema = '"' + target.schema.replace('"', '""') + '"'
    purposes = ("inserted", "updated", "deleted", "truncated", "written", "copy", "compare")
    return {purpose: f"{schema}.attach_{target.id}_{purpose}" for purpose in purposes}


def functions(target: Target) -> dict[str, str]:
    """CREATE FUNCTION by the signature."""
    named = names(target)
    bodies = {"truncated": _truncated(target)}
    if target.is_replica:
        bodies["written"] = _written(target)
    else:
        bodies |= {"inserted": _inserted(target), "updated": _updated(target), "deleted": _deleted(target)}
    found = {f"{named[name]}()": _trigger_function(target, named[name], body) for name, body in bodies.items()}
    found[f"{named['copy']}()"] = _copy(target, named["copy"])
    found[f"{named['compare']}()"] = _compare(target, named["compare"])
    return found


def approximate_of_old_rows(target: Target) -> str:
    """The time of a status of a row that was written before, in the columns of the mapping."""
    return "least(coalesce(m.changed_at, m.placed_at), pg_catalog.now())"


def _head(target: Target, name: str, returns: str) -> str:
    settings = {**_SETTINGS, "TimeZone": target.mapping.zone}
    schema = '"' + target.schema.replace('"', '""') + '"'
    sets = "".join(f"\n    SET {setting} = {literal(value or '')}" for setting, value in settings.items())
    return f"""CREATE FUNCTION {name}() RETURNS {returns} LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, {schema}, pg_temp{sets}"""


def _trigger_function(target: Target, name: str, body: str) -> str:
    tag = _tag(body)
    return f"{_head(target, name, 'trigger')}\nAS {tag}\n#variable_conflict use_column\n{body}{tag}"


def _tag(body: str) -> str:
    """A dollar quote that the body, and so no expression of the mapping, contains."""
    number = 0
    while f"$attach{number}$" in body:
        number += 1
    return f"$attach{number}$"


def _rows(target: Target, table: str) -> str:
    return f"(SELECT x.* FROM {table} AS x WHERE attach_key IS NULL OR {key(target.table, 'x')} = attach_key)"


def _inserted(target: Target) -> str:
    apply = _apply(target, _rows(target, "new_rows"), "pg_catalog.now()", is_new=True)
    return _guarded(target, "new_rows", "", apply, "RETURN NULL;")


def _updated(target: Target) -> str:
    """Rows whose primary key changed are other orders: the old key's is deleted."""
    old, new = (f"SELECT {key(target.table)} AS external_id FROM {rows} AS t" for rows in ("old_rows", "new_rows"))
    gone = _delete(target, f"{old} EXCEPT {new}")
    apply = _apply(target, _rows(target, "new_rows"), "pg_catalog.now()")
    return _guarded(target, "new_rows", gone, apply, "RETURN NULL;")


def _deleted(target: Target) -> str:
    gone = _delete(target, f"SELECT {key(target.table)} AS external_id FROM old_rows AS t")
    return _guarded_once(target, gone)


def _truncated(target: Target) -> str:
    """BEFORE TRUNCATE, when the rows of a partition can still be read. The table is locked by then."""
    if not target.table.is_partitioned:
        where = f"o.source = {literal(target.name)} AND o.external_id IS NOT NULL"
        return _guarded_once(target, f"{_dependents(target, where)}DELETE FROM orders o WHERE {where};")
    place = "%attach_table%"
    statements = _delete(target, f"SELECT {key(target.table)} AS external_id FROM {place} AS t")
    parts = [part.strip() for part in statements.split(";") if part.strip()]
    executed = "\n        ".join(
        f"EXECUTE pg_catalog.replace({literal(part)}, {literal(place)}, attach_key);" for part in parts
    )
    body = f"""attach_key := pg_catalog.quote_ident(TG_TABLE_SCHEMA) || '.' || pg_catalog.quote_ident(TG_TABLE_NAME);
        {executed}"""
    return _guarded_once(target, body)


def _written(target: Target) -> str:
    """For each row, because logical replication fires no statement triggers."""
    new, old = key(target.table, "NEW"), key(target.table, "OLD")
    gone = f"""IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND {old} IS DISTINCT FROM {new} THEN
            {_delete(target, f"SELECT {old} AS external_id")}
        END IF;"""
    apply = f"IF TG_OP <> 'DELETE' THEN\n{_apply(target, '(SELECT NEW.*)', 'pg_catalog.now()')}\n        END IF;"
    return _guarded(target, None, gone, apply, "RETURN NULL;")


def _copy(target: Target, name: str) -> str:
    """Returns how many orders were missing, stale and ghosts."""
    apply = _apply(target, _rows(target, CHUNK), approximate_of_old_rows(target), counts=True)
    body = _guarded(target, CHUNK, "", apply, "RETURN;")
    head = _head(target, name, "record").replace("()", "(OUT missing bigint, OUT stale bigint, OUT ghosts bigint)", 1)
    return _as_function(head, body.replace("BEGIN\n", "BEGIN\n    missing := 0; stale := 0; ghosts := 0;\n", 1))


def _compare(target: Target, name: str) -> str:
    """Each row of the chunk as an order, with its difference from the order there is."""
    columns = ", ".join(f"d.{column}" for column in RESULT)
    types = {"tenant_id": "bigint", "owner_id": "bigint", "total_minor": "bigint", "refunded_minor": "bigint", "is_excluded": "boolean"}
    returned = ", ".join(
        f"{column} {types.get(column, 'timestamptz' if column.endswith('_at') else 'text')}" for column in RESULT
    )
    query = mapped(target, CHUNK, approximate_of_old_rows(target))
    body = f"BEGIN\n    RETURN QUERY SELECT {columns} FROM (\n{query}\n) AS d;\nEND "
    return _as_function(_head(target, name, f"TABLE ({returned})"), body)


def _as_function(head: str, body: str) -> str:
    tag = _tag(body)
    return f"{head}\nAS {tag}\n#variable_conflict use_column\n{body}{tag}"


def _delete(target: Target, keys: str) -> str:
    where = f"o.source = {literal(target.name)} AND o.external_id = gone.external_id"
    return (
        f"{_dependents(target, where, f', ({keys}) AS gone')}DELETE FROM orders o USING ({keys}) AS gone WHERE {where};"
    )


def _dependents(target: Target, where: str, using: str = "") -> str:
    """Foreign keys do not cascade in a session with the replica role, which logical replication has."""
    if not target.is_replica:
        return ""
    return "".join(
        f"DELETE FROM {table} d USING orders o{using}\n            WHERE {where} AND d.tenant_id = o.tenant_id AND d.order_id = o.id;\n        "
        for table in DEPENDENTS
    )


def _apply(target: Target, rows: str, approximate: str, *, is_new: bool = False, counts: bool = False) -> str:
    """Insert or update the orders of `rows`, delete those of excluded rows, and note the rows that cannot be mapped."""
    sets = ", ".join(f"{column} = excluded.{column}" for column in COMPARED)
    was, now = (", ".join(f"{row}.{column}" for column in COMPARED) for row in ("o", "excluded"))
    # A new row may meet the order of an earlier row of its key, which a check is about to delete. So the order is locked
    # even if it is the same.
    which = "f.reason IS NULL AND NOT f.is_excluded" if is_new else "f.difference IN ('missing', 'stale')"
    unchanged = f"\n            WHERE ({was}) IS DISTINCT FROM ({now})" if is_new else ""
    moved = "" if target.tenant_id is not None else f""", moved AS (
            DELETE FROM orders o USING found f
            WHERE o.source = {literal(target.name)} AND o.external_id = f.external_id AND o.tenant_id <> f.tenant_id
        )"""
    dependents = "" if not target.is_replica else "".join(
        f""", removed_{table} AS (
            DELETE FROM {table} d USING found f
            WHERE f.difference = 'ghost' AND d.tenant_id = f.tenant_id AND d.order_id = f.order_id
        )"""
        for table in DEPENDENTS
    )
    counted = "" if not counts else """
        missing := missing + attach_counts[1]; stale := stale + attach_counts[2]; ghosts := ghosts + attach_counts[3];"""
    return f"""        WITH found AS MATERIALIZED (
{mapped(target, rows, approximate)}
        ), placed AS (
            INSERT INTO orders AS o ({", ".join(_COPIED)}, source, external_id)
            SELECT {", ".join(f"f.{column}" for column in _COPIED)}, {literal(target.name)}, f.external_id
            FROM found f WHERE {which}
            ON CONFLICT (source, external_id, tenant_id) WHERE external_id IS NOT NULL
            DO UPDATE SET {sets}, updated_at = pg_catalog.now(){unchanged}
        ), removed AS (
            DELETE FROM orders o USING found f WHERE o.id = f.order_id AND f.difference = 'ghost'
        ){moved}{dependents}, wrong AS (
            SELECT f.external_id, f.reason FROM found f WHERE f.reason IS NOT NULL LIMIT {MAX_SINGLE_ROWS + 1}
        )
        SELECT pg_catalog.array_agg(w.external_id), pg_catalog.array_agg(w.reason),
               (SELECT ARRAY[count(*) FILTER (WHERE f.difference = 'missing'), count(*) FILTER (WHERE f.difference = 'stale'),
                             count(*) FILTER (WHERE f.difference = 'ghost')] FROM found f)
        INTO attach_wrong, attach_reasons, attach_counts FROM wrong w;
        IF attach_wrong IS NOT NULL THEN
            PERFORM attach_problem({target.id}, w.external_id, 'mapping', w.reason)
            FROM pg_catalog.unnest(attach_wrong[1:{MAX_SINGLE_ROWS}], attach_reasons) AS w (external_id, reason)
            WHERE w.external_id IS NOT NULL;
            IF pg_catalog.cardinality(attach_wrong) > {MAX_SINGLE_ROWS} THEN
                PERFORM attach_problem({target.id}, NULL, 'mapping', 'more than {MAX_SINGLE_ROWS} rows of one statement cannot be mapped');
            END IF;
        END IF;{counted}"""


_PASSED_ON = """WHEN serialization_failure OR deadlock_detected THEN
            RAISE;"""
_DECLARED = """DECLARE
    attach_at integer := 0;  -- 0: all rows; -1: deletions only; from 1: the row of that key
    attach_keys text[] := '{}';
    attach_key text;
    attach_wrong text[];
    attach_reasons text[];
    attach_counts bigint[];
    attach_code text;
    attach_text text;
"""


def _guarded_once(target: Target, statements: str) -> str:
    """The statements, all or none."""
    return f"""{_DECLARED}BEGIN
    BEGIN
        {statements}
    EXCEPTION
        {_PASSED_ON}
        WHEN OTHERS THEN
            PERFORM attach_problem({target.id}, NULL, SQLSTATE, SQLERRM);
    END;
    RETURN NULL;
END """


def _guarded(target: Target, rows: str | None, gone: str, apply: str, returned: str) -> str:
    """All rows at once; if that fails, the deletions and then each row by itself. `rows` is None for a row trigger."""
    new = key(target.table, "NEW")
    keys = (
        f"ARRAY[CASE WHEN TG_OP <> 'DELETE' THEN {new} END]"
        if rows is None
        else f"ARRAY(SELECT {key(target.table)} FROM {rows} AS t LIMIT {MAX_SINGLE_ROWS + 1})"
    )
    return f"""{_DECLARED}BEGIN
    LOOP
        BEGIN
            IF attach_at <= 0 THEN
                NULL;
        {gone}
            END IF;
            IF attach_at >= 0 THEN
                attach_key := attach_keys[attach_at];
{apply}
            END IF;
            EXIT WHEN attach_at = 0;
        EXCEPTION
            {_PASSED_ON}
            WHEN OTHERS THEN
                attach_code := SQLSTATE;
                attach_text := SQLERRM;
                IF attach_at = 0 THEN
                    attach_at := -2;
                ELSE
                    PERFORM attach_problem({target.id}, CASE WHEN attach_at > 0 THEN attach_keys[attach_at] END, attach_code, attach_text);
                END IF;
        END;
        IF attach_at = -2 THEN
            BEGIN
                attach_keys := {keys};
            EXCEPTION
                {_PASSED_ON}
                WHEN OTHERS THEN
                    attach_keys := '{{NULL}}';
            END;
            IF pg_catalog.cardinality(attach_keys) = 1 OR pg_catalog.cardinality(attach_keys) > {MAX_SINGLE_ROWS} THEN
                PERFORM attach_problem(
                    {target.id}, CASE WHEN pg_catalog.cardinality(attach_keys) = 1 THEN attach_keys[1] END, attach_code, attach_text);
                attach_keys := '{{}}';
            END IF;
        END IF;
        attach_at := attach_at + 1 + (attach_at = -1)::integer;
        EXIT WHEN attach_at > pg_catalog.cardinality(attach_keys);
    END LOOP;
    {returned}
END """
