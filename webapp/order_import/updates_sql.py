"""The SQL statements of updates.py.

x is the order as it is, o the order of the file; both times are in the session's zone, the tenant's.
"""

LOCK = """
SELECT count(*) FROM (
    SELECT FROM orders x
    WHERE x.tenant_id = %(tenant)s AND x.id IN (SELECT id FROM import_existing WHERE NOT same)
    ORDER BY x.id FOR NO KEY UPDATE
) AS locked"""

# A date alone is midnight, and does not replace a time of that day.
# A payment or shipment that was corrected here stays corrected while the file has the same one, with the same time.
# A cancelled order is neither paid nor shipped later, nor is one shipped that is refunded in full, unless the file says both.
CHANGES = """
CREATE TEMP TABLE import_changes AS
SELECT e.number, e.first_line, x.id, n.*,
       x.paid_at IS NULL AND n.paid_at IS NOT NULL AS is_paid,
       x.shipped_at IS NULL AND n.shipped_at IS NOT NULL AS is_shipped,
       n.refunded_minor > x.refunded_minor AS is_refunded,
       x.cancelled_at IS NULL AND n.cancelled_at IS NOT NULL AS is_cancelled,
       (x.customer, x.owner_id, x.total_minor, x.placed_at)
           IS DISTINCT FROM (n.customer, n.owner_id, n.total_minor, n.placed_at)
           OR coalesce(x.paid_at <> n.paid_at, false) OR coalesce(x.shipped_at <> n.shipped_at, false)
           OR n.has_new_lines AS is_edited,
       o.total_minor AS file_total_minor, w.minor AS file_refunded_minor, o.total_minor IS NULL AS is_return,
       o.paid_at AS file_paid_at, o.shipped_at AS file_shipped_at, o.cancelled_at AS file_cancelled_at,
       x.total_minor AS old_total_minor, x.refunded_minor AS old_refunded_minor,
       late.is_paid AS is_paid_late, late.is_shipped AS is_shipped_late, late.is_after_refund,
       corrected.payment AS is_payment_corrected, corrected.shipment AS is_shipment_corrected
FROM import_existing e
JOIN orders x ON x.tenant_id = %(tenant)s AND x.id = e.id
JOIN import_orders o ON o.number = e.number
LEFT JOIN import_owners a ON a.owner_key = o.owner_key
CROSS JOIN LATERAL (
    SELECT x.paid_at IS NULL AND o.cancelled_at IS NULL AND coalesce(x.cancelled_at < o.paid_at, false) AS is_paid,
           x.shipped_at IS NULL AND o.cancelled_at IS NULL AND coalesce(x.cancelled_at < o.shipped_at, false) AS is_shipped,
           x.shipped_at IS NULL AND o.shipped_at IS NOT NULL AND x.refunded_minor > 0
               AND x.refunded_minor = x.total_minor AND o.refunded_minor < x.refunded_minor AS is_after_refund
) AS late
CROSS JOIN LATERAL (
    SELECT x.paid_at IS NULL AND o.paid_at IS NOT NULL AND EXISTS (
               SELECT FROM order_events v
               WHERE v.tenant_id = x.tenant_id AND v.order_id = x.id AND v.type = 'payment_corrected'
                   AND o.paid_at IN ((v.old_values ->> 'paid_at')::timestamptz,
                                   date_trunc('day', (v.old_values ->> 'paid_at')::timestamptz))) AS payment,
           x.shipped_at IS NULL AND o.shipped_at IS NOT NULL AND EXISTS (
               SELECT FROM order_events v
               WHERE v.tenant_id = x.tenant_id AND v.order_id = x.id AND v.type = 'shipment_corrected'
                   AND o.shipped_at IN ((v.old_values ->> 'shipped_at')::timestamptz,
                                   date_trunc('day', (v.old_values ->> 'shipped_at')::timestamptz))) AS shipment
) AS corrected
CROSS JOIN LATERAL (
    SELECT CASE WHEN late.is_paid OR corrected.payment OR o.paid_at = date_trunc('day', x.paid_at) THEN x.paid_at
                ELSE least(x.paid_at, o.paid_at) END AS paid_at,
           CASE WHEN late.is_shipped OR late.is_after_refund OR corrected.shipment
                     OR o.shipped_at = date_trunc('day', x.shipped_at) THEN x.shipped_at
                ELSE least(x.shipped_at, o.shipped_at) END AS shipped_at,
           CASE WHEN o.total_minor >= x.refunded_minor THEN o.total_minor ELSE x.total_minor END AS total_minor
) AS t
-- All refunds of the order, as the file has them. A return without its order is added, if it is later than the last refund.
CROSS JOIN LATERAL (
    SELECT CASE WHEN o.total_minor IS NULL THEN alone.minor ELSE o.refunded_minor END AS minor,
           CASE WHEN o.total_minor IS NULL THEN alone.moment ELSE o.refunded_at END AS moment
    FROM (
        SELECT greatest(x.refunded_minor + coalesce(sum(r.minor) FILTER (WHERE r.moment > known.moment), 0),
                        sum(r.minor) FILTER (WHERE (r.moment > x.placed_at) IS NOT TRUE))::bigint AS minor,
               max(r.moment) FILTER (WHERE r.moment > known.moment) AS moment
        FROM import_return_moments r
        CROSS JOIN LATERAL (
            SELECT greatest(x.placed_at, max(v.occurred_at),
                            CASE WHEN x.refunded_minor > 0 THEN coalesce(x.refunded_at, x.paid_at) END) AS moment
            FROM order_events v
            WHERE v.tenant_id = x.tenant_id AND v.order_id = x.id AND v.type = 'refunded'
        ) AS known
        WHERE o.total_minor IS NULL AND r.number = o.number
    ) AS alone
) AS w
CROSS JOIN LATERAL (
    SELECT coalesce(o.customer, x.customer) AS customer,
           coalesce(CASE WHEN a.disabled IS NULL THEN a.owner_id END, x.owner_id) AS owner_id,
           t.total_minor,
           CASE WHEN t.paid_at IS NULL THEN x.refunded_minor
                ELSE greatest(x.refunded_minor, least(w.minor, t.total_minor)) END AS refunded_minor,
           -- The trigger dates a refund by refunded_at only when that changes. So of two refunds with one date, the second is
           -- a microsecond later.
           CASE WHEN w.moment IS NULL THEN now()
                WHEN greatest(w.moment, t.paid_at) = x.refunded_at THEN x.refunded_at + interval '1 microsecond'
                ELSE greatest(w.moment, t.paid_at) END AS refunded_at,
           CASE WHEN o.placed_at = date_trunc('day', x.placed_at) THEN x.placed_at
                ELSE coalesce(o.placed_at, x.placed_at) END AS placed_at,
           t.paid_at, t.shipped_at, coalesce(x.cancelled_at, o.cancelled_at) AS cancelled_at,
           o.lines > 0 AND NOT e.same_lines AS has_new_lines
) AS n
WHERE NOT e.same"""

# Things that the file would take back, or that the order's rules do not allow.
KEPT = """
CREATE TEMP TABLE import_kept AS
SELECT c.number, c.first_line, c.id, kept.reason
FROM import_changes c
CROSS JOIN LATERAL (
    SELECT round(old_refunded_minor / 10.0 ^ %(digits)s, %(digits)s) AS refunded,
           round(file_refunded_minor / 10.0 ^ %(digits)s, %(digits)s) AS file_refunded,
           round(total_minor / 10.0 ^ %(digits)s, %(digits)s) AS total,
           round(file_total_minor / 10.0 ^ %(digits)s, %(digits)s) AS file_total
) AS a
CROSS JOIN LATERAL (SELECT concat_ws('; ',
    CASE WHEN %(has_paid_at)s AND NOT is_return AND paid_at IS NOT NULL AND file_paid_at IS NULL THEN
        format('paid here (%%s), not in the file', paid_at::timestamptz(0)) END,
    CASE WHEN %(has_shipped_at)s AND NOT is_return AND shipped_at IS NOT NULL AND file_shipped_at IS NULL THEN
        format('shipped here (%%s), not in the file', shipped_at::timestamptz(0)) END,
    CASE WHEN %(has_cancelled_at)s AND NOT is_return AND cancelled_at IS NOT NULL AND file_cancelled_at IS NULL THEN
        format('cancelled here (%%s), not in the file', cancelled_at::timestamptz(0)) END,
    CASE WHEN %(has_refunded)s AND NOT is_return AND file_refunded_minor < old_refunded_minor THEN
        format('%%s refunded here, %%s in the file', refunded, file_refunded) END,
    CASE WHEN is_paid_late THEN
        format('cancelled here before it was paid in the file (%%s)', file_paid_at::timestamptz(0)) END,
    CASE WHEN is_shipped_late THEN
        format('cancelled here before it was shipped in the file (%%s)', file_shipped_at::timestamptz(0)) END,
    CASE WHEN is_payment_corrected THEN
        format('the payment in the file (%%s) was corrected here', file_paid_at::timestamptz(0)) END,
    CASE WHEN is_shipment_corrected THEN
        format('the shipment in the file (%%s) was corrected here', file_shipped_at::timestamptz(0)) END,
    CASE WHEN is_after_refund THEN
        format('refunded here in full before it was shipped in the file (%%s)', file_shipped_at::timestamptz(0)) END,
    CASE WHEN file_total_minor < old_refunded_minor THEN
        format('a total of %%s in the file, and %%s refunded here', file_total, refunded) END,
    CASE WHEN file_refunded_minor > old_refunded_minor AND paid_at IS NULL THEN
        format('%%s refunded in the file, and never paid', file_refunded) END,
    CASE WHEN file_refunded_minor > total_minor AND paid_at IS NOT NULL THEN
        format('%%s refunded in the file, and a total of %%s', file_refunded, total) END
) AS reason) AS kept
WHERE kept.reason <> ''"""

TOTALS = """
SELECT count(*) FILTER (WHERE is_changed) AS changed,
       count(*) FILTER (WHERE is_paid) AS paid, count(*) FILTER (WHERE is_shipped) AS shipped,
       count(*) FILTER (WHERE is_refunded) AS refunded, count(*) FILTER (WHERE is_cancelled) AS cancelled,
       count(*) FILTER (WHERE is_edited) AS edited,
       count(k.id) AS kept, count(k.id) FILTER (WHERE NOT is_changed) AS untouched
FROM import_changes c LEFT JOIN import_kept k ON k.id = c.id
CROSS JOIN LATERAL (SELECT is_paid OR is_shipped OR is_refunded OR is_cancelled OR is_edited AS is_changed) AS any_change"""

FIRST_KEPT = "SELECT number, reason FROM import_kept ORDER BY first_line LIMIT %(most)s"

APPLY = """
UPDATE orders x
SET customer = c.customer, owner_id = c.owner_id, total_minor = c.total_minor, placed_at = c.placed_at,
    paid_at = c.paid_at, shipped_at = c.shipped_at, cancelled_at = c.cancelled_at,
    refunded_minor = c.refunded_minor, refunded_at = CASE WHEN c.is_refunded THEN c.refunded_at ELSE x.refunded_at END,
    updated_at = now()
FROM import_changes c
WHERE x.tenant_id = %(tenant)s AND x.id = c.id
  AND (c.is_paid OR c.is_shipped OR c.is_refunded OR c.is_cancelled OR c.is_edited)"""

DELETE_LINES = """
DELETE FROM order_lines l USING import_changes c WHERE c.has_new_lines AND l.tenant_id = %(tenant)s AND l.order_id = c.id"""

INSERT_LINES = """
INSERT INTO order_lines (tenant_id, order_id, position, sku, product, quantity, unit_price_minor, total_minor)
SELECT %(tenant)s, c.id, row_number() OVER (PARTITION BY c.id ORDER BY l.line), coalesce(l.sku, ''), l.product,
       l.quantity, l.unit_price_minor, l.line_total_minor
FROM import_lines l JOIN import_changes c ON c.number COLLATE "C" = l.number
WHERE c.has_new_lines AND l.quantity IS NOT NULL
ORDER BY c.id, l.line"""
