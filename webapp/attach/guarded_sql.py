"""The blocks around the statements: an error of the mapping ends in attach_problems instead of in the company's program.

Serialization failures and deadlocks are passed on, because only the writer can repeat its transaction.
"""

from __future__ import annotations

from .apply_sql import MAX_SINGLE_ROWS
from .mapped_sql import AttachTarget, key

_PASSED_ON = """WHEN serialization_failure OR deadlock_detected THEN
                RAISE;"""
_DECLARED = """DECLARE
    attach_at integer := 0;  -- 0: all rows; -1: deletions only; from 1: the row of that key
    attach_keys text[] := '{}';
    attach_key text;
    attach_count integer;  -- of rows; 2 for more
    attach_row record;
    attach_gone text[];
    attach_wrong text[];
    attach_reasons text[];
    attach_counts bigint[];
    attach_code text;
    attach_text text;
"""


def once(target: AttachTarget, statements: str) -> str:
    """The body of a trigger function with `statements`, all or none."""
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


def row_by_row(target: AttachTarget, rows: str | None, gone: str, bulk: str, single: str, end: str) -> str:
    """The body of a function that does `gone`, and then `bulk` for all rows at once, or `single` for an only row.

    If that fails, it does `gone` alone, and then `single` for each row. `rows` is the table of the rows, or None in a trigger
    for each row. `end` is the last statement.
    """
    return f"""{_DECLARED}BEGIN
    {_counted(rows, end)}
    LOOP
        BEGIN
            IF attach_at <= 0 THEN
                NULL;
        {gone}
            END IF;
            IF attach_at > 0 OR attach_at = 0 AND attach_count = 1 THEN
                attach_key := attach_keys[attach_at];
{single}
            ELSIF attach_at = 0 THEN
                NULL;
{bulk}
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
                    PERFORM attach_problem(
                        {target.id}, CASE WHEN attach_at > 0 THEN attach_keys[attach_at] END, attach_code, attach_text);
                END IF;
        END;
        IF attach_at = -2 THEN
{_single_rows(target, rows)}
        END IF;
        attach_at := attach_at + 1 + (attach_at = -1)::integer;
        EXIT WHEN attach_at > pg_catalog.cardinality(attach_keys);
    END LOOP;
    {end}
END """


def _counted(rows: str | None, end: str) -> str:
    """Most statements write one row, and a statement without rows needs nothing."""
    if rows is None:
        return "attach_count := 1;"
    return f"""attach_count := (SELECT count(*) FROM (SELECT FROM {rows} LIMIT 2) AS few);
    IF attach_count = 0 THEN
        {end}
    END IF;"""


def _single_rows(target: AttachTarget, rows: str | None) -> str:
    """The keys of the rows to try. One row has been tried; of too many, one problem stands for all, and the check repairs."""
    keys = (
        f"ARRAY[CASE WHEN TG_OP <> 'DELETE' THEN {key(target.table, 'NEW')} END]"
        if rows is None
        else f"ARRAY(SELECT {key(target.table)} FROM {rows} AS t LIMIT {MAX_SINGLE_ROWS + 1})"
    )
    return f"""            BEGIN
                attach_keys := {keys};
            EXCEPTION
                {_PASSED_ON}
                WHEN OTHERS THEN
                    attach_keys := '{{NULL}}';
            END;
            IF pg_catalog.cardinality(attach_keys) = 1 OR pg_catalog.cardinality(attach_keys) > {MAX_SINGLE_ROWS} THEN
                PERFORM attach_problem(
                    {target.id}, CASE WHEN pg_catalog.cardinality(attach_keys) = 1 THEN attach_keys[1] END,
                    attach_code, attach_text);
                attach_keys := '{{}}';
            END IF;"""
