"""The SELECT that makes orders of rows: one per row of the table, in the columns of RESULT.

The admin's expressions stand in the innermost query, whose only table is the row's, named `t`. Each layer has what the next
one uses: raw values; stages and amounts; the order as it should be beside the order as it is. OFFSET 0 keeps the layers
apart. Without it, PostgreSQL writes each expression out at each place that uses it, and a statement of one row takes twice
as long.
"""

from __future__ import annotations

from dataclasses import dataclass

from babel.numbers import get_currency_precision, list_currencies

from .catalog import SourceTable
from .fields import FLAG
from .mapping import RowMapping
from .status_words import folded_sql, stages_as_json

# `difference` is NULL, missing, stale or ghost (an order of an excluded row); `reason` is why the row cannot be mapped.
RESULT = (
    "external_id", "tenant_id", "number", "customer", "owner_id", "currency", "total_minor", "refunded_minor", "placed_at",
    "paid_at", "shipped_at", "cancelled_at", "refunded_at", "is_excluded", "reason", "difference",
)  # fmt: skip
COMPARED = (
    "number", "customer", "owner_id", "total_minor", "refunded_minor", "placed_at", "paid_at", "shipped_at", "cancelled_at",
    "refunded_at",
)  # fmt: skip
_FOUND = ", ".join(f"x.{column}" for column in COMPARED)
# Raw values that are used beside stages and amounts.
_KEPT = (
    "external_id", "is_excluded", "number", "customer", "owner", "status", "row_currency", "placed_at", "paid_at",
    "shipped_at", "cancelled_at", "refunded_at", "changed_at", "has_paid_at", "has_shipped_at", "has_cancelled_at",
)  # fmt: skip
_MAX_NUMBER_CHARS, _MAX_KEY_CHARS, _MAX_CUSTOMER_CHARS = 64, 200, 500
_DEFAULT_DIGITS = 2


@dataclass(frozen=True)
class AttachTarget:
    """The attachment that functions are written for. `tenant_id` is None when each row names its tenant."""

    id: int
    name: str
    tenant_id: int | None
    currency: str | None
    schema: str
    table: SourceTable
    mapping: RowMapping
    is_replica: bool = False


def literal(text: str) -> str:
    """The text as an SQL literal, with any standard_conforming_strings."""
    quoted = text.replace("'", "''")
    return "E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in text else f"'{quoted}'"


def key(table: SourceTable, row: str = "t") -> str:
    """The primary key of a row as one text; a JSON array where it has several columns."""
    columns = [f"{row}.{column.sql}::text" for column in table.key]
    return columns[0] if len(columns) == 1 else f"pg_catalog.jsonb_build_array({', '.join(columns)})::text"


def mapped(target: AttachTarget, rows: str, approximate: str) -> str:
    """The SELECT over `rows`, an item of FROM. `approximate` is the SQL of the time of a status that has none of its own."""
    now, was = (", ".join(f"{row}.{column}" for column in COMPARED) for row in ("f", "o"))
    return f"""\
SELECT f.*, CASE WHEN f.is_excluded THEN CASE WHEN f.order_id IS NOT NULL THEN 'ghost' END
                 WHEN f.reason IS NOT NULL THEN NULL
                 WHEN f.order_id IS NULL THEN 'missing'
                 WHEN ROW({now}) IS DISTINCT FROM f.was THEN 'stale' END AS difference
FROM (
    SELECT m.external_id, m.tenant_id, m.number, m.customer, {_owner(target)} AS owner_id, m.currency,
           m.total_minor, m.refunded_minor, m.placed_at,
           {_paid_at(target.mapping, approximate)} AS paid_at,
           {_shipped_at(target.mapping, approximate)} AS shipped_at,
           coalesce(m.cancelled_at, CASE WHEN m.is_cancelled THEN coalesce(o.cancelled_at, {approximate}) END) AS cancelled_at,
           coalesce(m.refunded_at, CASE WHEN m.refunded_minor > 0 THEN
               CASE WHEN o.refunded_minor = m.refunded_minor THEN o.refunded_at
                    ELSE greatest(m.paid_at, {approximate}) END END) AS refunded_at,
           m.is_excluded, m.reason, o.id AS order_id, ROW({was}) AS was
    FROM ({_cooked(target, rows)}
    ) AS m
    LEFT JOIN LATERAL (
        SELECT x.id, {_FOUND} FROM orders x
        WHERE x.source = {literal(target.name)} AND x.external_id = m.external_id
            AND x.tenant_id IS NOT DISTINCT FROM m.tenant_id OFFSET 0
    ) AS o ON true{_owner_join(target)}
    OFFSET 0
) AS f"""


def _cooked(target: AttachTarget, rows: str) -> str:
    """Stages, amounts, and the reason why a row cannot be mapped."""
    mapping = target.mapping
    return f"""
    SELECT c.*, CASE WHEN c.is_excluded THEN NULL {_reasons(target)} END AS reason
    FROM (
        SELECT r.external_id, r.tenant_id, r.currency, {_number(mapping)} AS number,
               pg_catalog.left(coalesce(r.customer, ''), {_MAX_CUSTOMER_CHARS}) AS customer, r.owner, r.status, r.stage,
               r.row_currency, r.placed_at, r.paid_at, r.shipped_at, r.cancelled_at, r.refunded_at, r.changed_at,
               r.total_minor, {_refunded(mapping)} AS refunded_minor,
               {_is("paid_at", mapping)} OR r.stage IN ('paid', 'refunded'){_shipped_is_paid(mapping)} AS is_paid,
               {_is("shipped_at", mapping)} OR r.stage = 'shipped' AS is_shipped,
               {_is("cancelled_at", mapping)} OR r.stage = 'cancelled' AS is_cancelled,
               r.is_excluded OR coalesce(r.stage = 'ignored', false) AS is_excluded
        FROM (
            SELECT {", ".join(f"r.{column}" for column in _KEPT)}, tenant.id AS tenant_id, tenant.currency::text AS currency,
                   {_stage(mapping)} AS stage, {_minor("total", target)} AS total_minor,
                   {_minor("refunded", target)} AS refunded_minor
            FROM ({_raw(target, rows)}
            ) AS r
            LEFT JOIN LATERAL (SELECT x.id, x.currency FROM tenants x WHERE {_tenant(target)} OFFSET 0) AS tenant ON true
            OFFSET 0
        ) AS r
        OFFSET 0
    ) AS c OFFSET 0"""


def _raw(target: AttachTarget, rows: str) -> str:
    """The expressions, one per line, so that a comment in one ends with it."""
    mapping = target.mapping
    lines = [f"{key(target.table)} AS external_id", f"{_deleted(mapping)} AS is_excluded"]
    for name in ("tenant", "number", "customer", "owner", "status", "currency"):
        lines.append(f"{_typed(mapping, name, 'text')} AS {'row_currency' if name == 'currency' else name}")
    for name in ("total", "total_minor", "refunded", "refunded_minor"):
        lines.append(f"{_typed(mapping, name, 'numeric')} AS {name}")
    for name in ("placed_at", "paid_at", "shipped_at", "cancelled_at", "refunded_at", "changed_at"):
        is_flag = mapping.kinds.get(name) == FLAG
        lines.append(f"{'NULL::timestamptz' if is_flag else _typed(mapping, name, 'timestamptz')} AS {name}")
        if name in ("paid_at", "shipped_at", "cancelled_at"):
            lines.append(f"{_typed(mapping, name, 'boolean') if is_flag else 'false'} AS has_{name}")
    columns = ",\n                   ".join(lines)
    return f"\n            SELECT {columns}\n            FROM {rows} AS t OFFSET 0"


def _typed(mapping: RowMapping, name: str, type: str) -> str:
    return f"({mapping.expressions[name]}\n)::{type}" if name in mapping else f"NULL::{type}"


def _deleted(mapping: RowMapping) -> str:
    if "deleted" not in mapping:
        return "false"
    expression = f"({mapping.expressions['deleted']}\n)"
    return f"coalesce({expression}, false)" if mapping.kinds.get("deleted") == FLAG else f"{expression} IS NOT NULL"


def _tenant(target: AttachTarget) -> str:
    return "x.slug = r.tenant" if target.tenant_id is None else f"x.id = {target.tenant_id}"


def _number(mapping: RowMapping) -> str:
    return f"{literal(mapping.prefix)} || coalesce(pg_catalog.btrim(r.number), r.external_id)"


def _stage(mapping: RowMapping) -> str:
    """The stage of the status; NULL for an unknown word. A CASE of all words would be compiled in each statement."""
    if "status" not in mapping:
        return "'none'::text"
    return f"{literal(stages_as_json(mapping.statuses))}::jsonb ->> {folded_sql('r.status')}"


def _minor(name: str, target: AttachTarget) -> str:
    """An amount in minor units, rounded half up as PostgreSQL's round() does."""
    digits = _digits(target)
    return f"coalesce(pg_catalog.round(r.{name}_minor), pg_catalog.round(r.{name} * {digits}))::bigint"


def _digits(target: AttachTarget) -> str:
    """The number of minor units in a whole unit."""
    if target.currency is not None:
        return str(10 ** get_currency_precision(target.currency))
    others = {code: get_currency_precision(code) for code in sorted(list_currencies())}
    cases = " ".join(
        f"WHEN {literal(code)} THEN {10**digits}" for code, digits in others.items() if digits != _DEFAULT_DIGITS
    )
    return f"CASE tenant.currency::text {cases} ELSE {10**_DEFAULT_DIGITS} END"


def _refunded(mapping: RowMapping) -> str:
    if "refunded" in mapping or "refunded_minor" in mapping:
        return "coalesce(r.refunded_minor, 0)"
    return "CASE WHEN r.stage = 'refunded' THEN r.total_minor ELSE 0 END"


def _is(name: str, mapping: RowMapping) -> str:
    return f"coalesce(r.has_{name}, false)"


def _shipped_is_paid(mapping: RowMapping) -> str:
    """A status "shipped" means paid too, unless the table has the time or the fact of the payment."""
    return "" if "paid_at" in mapping else " OR r.stage = 'shipped'"


def _paid_at(mapping: RowMapping, approximate: str) -> str:
    """A cancelled order keeps its payment where only the status could have named it."""
    kept = "" if "paid_at" in mapping else " WHEN m.is_cancelled THEN o.paid_at"
    return f"""coalesce(m.paid_at, CASE WHEN m.is_paid OR m.refunded_minor > 0
           THEN coalesce(o.paid_at, {approximate}){kept} END)"""


def _shipped_at(mapping: RowMapping, approximate: str) -> str:
    kept = "" if "shipped_at" in mapping else " WHEN m.is_cancelled OR m.stage = 'refunded' THEN o.shipped_at"
    return f"coalesce(m.shipped_at, CASE WHEN m.is_shipped THEN coalesce(o.shipped_at, {approximate}){kept} END)"


def _owner(target: AttachTarget) -> str:
    """Without an owner in the mapping, the one that was chosen in Doorbell stays."""
    if "owner" not in target.mapping:
        return "o.owner_id"
    return "CASE WHEN w.disabled_at IS NULL OR w.id = o.owner_id THEN w.id END"


def _owner_join(target: AttachTarget) -> str:
    if "owner" not in target.mapping:
        return ""
    value = "pg_catalog.lower(pg_catalog.btrim(m.owner))"
    words = " ".join(
        f"WHEN {literal(word)} THEN {literal(mail)}" for word, mail in sorted(target.mapping.owners.items())
    )
    mail = f"CASE {value} {words} ELSE {value} END" if words else value
    return f"""
LEFT JOIN LATERAL (
    SELECT x.id, x.disabled_at FROM users x WHERE pg_catalog.lower(x.email) = {mail} AND x.tenant_id = m.tenant_id OFFSET 0
) AS w ON true"""


def _reasons(target: AttachTarget) -> str:
    """WHEN … THEN per fault of a row, with what was seen and what to do."""
    seen = {
        "c.tenant_id IS NULL": _no_tenant(target),
        "c.stage IS NULL": "pg_catalog.format('the status %L is not mapped; map it: --status WORD=STAGE', c.status)",
        "c.row_currency IS NOT NULL AND pg_catalog.upper(pg_catalog.btrim(c.row_currency)) <> c.currency":
            "pg_catalog.format('the currency is %s, but the tenant has %s; amounts are not converted', "
            "c.row_currency, c.currency)",
        "c.total_minor IS NULL": "'the total is empty'",
        "c.total_minor < 0": "'the total is negative; a return belongs to its order, as a refund'",
        "c.refunded_minor < 0": "'the refund is negative; map it as a positive amount: --map refunded=-COLUMN'",
        "c.refunded_minor > c.total_minor": "'more is refunded than the total'",
        "c.placed_at IS NULL": "'the time of the order is empty'",
        f"c.number = '' OR pg_catalog.length(c.number) > {_MAX_NUMBER_CHARS}":
            f"pg_catalog.format('the number has %s characters; 1 to {_MAX_NUMBER_CHARS} are allowed', "
            "pg_catalog.length(c.number))",
        f"pg_catalog.length(c.external_id) > {_MAX_KEY_CHARS}":
            f"'the primary key has more than {_MAX_KEY_CHARS} characters'",
    }  # fmt: skip
    return " ".join(f"\n        WHEN {test} THEN {text}" for test, text in seen.items())


def _no_tenant(target: AttachTarget) -> str:
    if target.tenant_id is None:
        return "'the row names no tenant of Doorbell; see them with flask tenant list'"
    return "'the tenant was removed; detach the table'"
