"""Check of the events' ids and xids, on which the order of reading relies (outbox/diff.py).

The ids come from one sequence, one number at a time and upwards, and an event's xid is that of its writer.
"""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding, fault, ok
from .system import System

_STATE = """
SELECT s.seqrelid::regclass::text AS name, s.seqcache AS cache, s.seqcycle AS cycles, s.seqincrement AS step,
       pg_sequence_last_value(s.seqrelid) AS last, (SELECT max(id) FROM order_events) AS newest
FROM pg_sequence s WHERE s.seqrelid = pg_get_serial_sequence('order_events', 'id')::regclass
"""
_COLUMNS = """
SELECT a.attname AS name, a.attidentity::text AS identity, pg_get_expr(d.adbin, d.adrelid) AS "default"
FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
WHERE a.attrelid = 'order_events'::regclass AND a.attname IN ('id', 'xid')
"""
# setval, which needs UPDATE, makes ids go back.
_SETTERS = """
SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(a.grantee::regrole::text) END AS grantee
FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
WHERE c.oid = pg_get_serial_sequence('order_events', 'id')::regclass AND a.privilege_type = 'UPDATE'
    AND a.grantee <> c.relowner ORDER BY 1
"""
_XID = "pg_current_xact_id()"


def check(system: System) -> Iterator[Finding]:
    rows = system.rows(_STATE)
    if not rows:
        yield fault(
            "order_events.id has no sequence",
            "ALTER TABLE order_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY; then run flask doctor again.",
        )
        return
    (row,) = rows
    for wrong, seen, change in (
        (
            row["cache"] != 1,
            f"CACHE {row['cache']}: sessions reserve ids ahead, and later commits get lower ids",
            "CACHE 1",
        ),
        (row["cycles"], "CYCLE: ids would start again", "NO CYCLE"),
        (row["step"] != 1, f"INCREMENT {row['step']}", "INCREMENT 1"),
    ):
        if wrong:
            yield fault(f"{row['name']} has {seen}", f"ALTER SEQUENCE {row['name']} {change};")
    if row["newest"] is not None and (row["last"] or 0) < row["newest"]:
        yield fault(
            f"{row['name']} is at {row['last']}, and the newest event is {row['newest']}: ids will be used twice",
            f"SELECT setval('{row['name']}', {row['newest']});",
        )
    for setter in system.rows(_SETTERS):
        yield fault(
            f"{setter['grantee']} may set {row['name']} back",
            f"REVOKE UPDATE ON SEQUENCE {row['name']} FROM {setter['grantee']};",
        )
    yield from _columns(system)
    yield ok(f"{row['name']} returns one id at a time")


def _columns(system: System) -> Iterator[Finding]:
    columns = {column["name"]: column for column in system.rows(_COLUMNS)}
    if columns["id"]["identity"] != "a":
        yield fault(
            "writers may choose the id of an event", "ALTER TABLE order_events ALTER COLUMN id SET GENERATED ALWAYS;"
        )
    if columns["xid"]["default"] != _XID:
        yield fault(
            f"the default of order_events.xid is {columns['xid']['default']}, so readers miss events",
            f"ALTER TABLE order_events ALTER COLUMN xid SET DEFAULT {_XID};",
        )
