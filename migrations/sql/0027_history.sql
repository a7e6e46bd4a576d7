-- The rollups of the history page: refunds beside revenue, and totals per product.
--
-- The lock of webapp/rollups/refresh.py: no refresh runs until this transaction ends, so the cursor of the rollups does not move.
-- The next refresh reads all that is committed meanwhile.
SELECT pg_catalog.pg_advisory_xact_lock(x'00D00BE2'::int);

ALTER TABLE rollups_hourly ADD COLUMN refunded_minor bigint DEFAULT 0 NOT NULL;
ALTER TABLE rollups_daily ADD COLUMN refunded_minor bigint DEFAULT 0 NOT NULL;

-- Only the refunds are counted here, not the revenue: it may hold refunds whose events the retention has dropped.
UPDATE rollups_hourly r SET refunded_minor = found.minor
FROM (
    SELECT e.tenant_id, date_trunc('hour', e.occurred_at AT TIME ZONE t.timezone) AS hour,
           coalesce(o.owner_id, 0) AS owner_id, sum(e.amount_minor) AS minor
    FROM order_events e
    JOIN orders o ON (o.tenant_id, o.id) = (e.tenant_id, e.order_id)
    JOIN tenants t ON t.id = e.tenant_id
    WHERE e.type = 'refunded'
    GROUP BY 1, 2, 3
) AS found
WHERE (r.tenant_id, r.hour, r.owner_id) = (found.tenant_id, found.hour, found.owner_id);
UPDATE rollups_daily r SET refunded_minor = found.minor
FROM (SELECT tenant_id, hour::date AS day, owner_id, sum(refunded_minor) AS minor FROM rollups_hourly GROUP BY 1, 2, 3) AS found
WHERE (r.tenant_id, r.day, r.owner_id) = (found.tenant_id, found.day, found.owner_id) AND found.minor <> 0;

-- The totals of a product in an hour of the tenant's local time: the orders placed in it that have the product and are neither
-- cancelled nor refunded in full, and the lines of the orders paid in it. Refunds name no product.
CREATE TABLE rollups_products_hourly (
    tenant_id bigint NOT NULL,
    hour timestamp NOT NULL,
    product text NOT NULL,
    orders bigint NOT NULL,
    paid_minor bigint NOT NULL,
    CONSTRAINT pk_rollups_products_hourly PRIMARY KEY (tenant_id, hour, product),
    CONSTRAINT fk_rollups_products_hourly_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE TABLE rollups_products_daily (
    tenant_id bigint NOT NULL,
    day date NOT NULL,
    product text NOT NULL,
    orders bigint NOT NULL,
    paid_minor bigint NOT NULL,
    CONSTRAINT pk_rollups_products_daily PRIMARY KEY (tenant_id, day, product),
    CONSTRAINT fk_rollups_products_daily_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);

INSERT INTO rollups_products_hourly (tenant_id, hour, product, orders, paid_minor)
SELECT tenant_id, hour, product, sum(orders), sum(paid_minor)
FROM (
    SELECT o.tenant_id, date_trunc('hour', o.placed_at AT TIME ZONE t.timezone) AS hour, l.product,
           count(DISTINCT o.id) AS orders, 0 AS paid_minor
    FROM orders o
    JOIN tenants t ON t.id = o.tenant_id
    JOIN order_lines l ON (l.tenant_id, l.order_id) = (o.tenant_id, o.id)
    WHERE o.status NOT IN ('cancelled', 'refunded')
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT o.tenant_id, date_trunc('hour', o.paid_at AT TIME ZONE t.timezone), l.product, 0, sum(l.total_minor)
    FROM orders o
    JOIN tenants t ON t.id = o.tenant_id
    JOIN order_lines l ON (l.tenant_id, l.order_id) = (o.tenant_id, o.id)
    WHERE o.paid_at IS NOT NULL
    GROUP BY 1, 2, 3
) AS parts
GROUP BY 1, 2, 3
HAVING (sum(orders), sum(paid_minor)) <> (0, 0);
INSERT INTO rollups_products_daily (tenant_id, day, product, orders, paid_minor)
SELECT tenant_id, hour::date, product, sum(orders), sum(paid_minor) FROM rollups_products_hourly GROUP BY 1, 2, 3
HAVING (sum(orders), sum(paid_minor)) <> (0, 0);

-- Orders whose lines changed without an event, because a line is no change of its order. A refresh of the rollups counts their
-- hours and deletes the rows in the same transaction. So a row that is visible is not in the rollups yet.
CREATE TABLE rollups_line_changes (
    id bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id bigint NOT NULL,
    order_id bigint NOT NULL,
    CONSTRAINT pk_rollups_line_changes PRIMARY KEY (id),
    CONSTRAINT fk_rollups_line_changes_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);

-- An order with an event of the same transaction that concerns the rollups (webapp/rollups/statements.py) is counted for that
-- event. So an order that is placed with its lines writes no row. The comparison of xid is written so that no index serves it:
-- the events of an order are few, those of a transaction may be many. A deleted order has its own event.
CREATE FUNCTION order_lines_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
BEGIN
    IF TG_RELID <> 'order_lines'::regclass::oid THEN
        RAISE EXCEPTION 'order_lines_changed() is for order_lines, not for %', TG_TABLE_NAME;
    END IF;
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM rollups_products_hourly;
        DELETE FROM rollups_products_daily;
        RETURN NULL;
    END IF;
    INSERT INTO rollups_line_changes (tenant_id, order_id)
    SELECT changed.tenant_id, changed.order_id
    FROM (SELECT DISTINCT tenant_id, order_id FROM changed_lines) AS changed
    WHERE EXISTS (SELECT FROM orders o WHERE o.tenant_id = changed.tenant_id AND o.id = changed.order_id)
        AND NOT EXISTS (
            SELECT FROM order_events e WHERE e.tenant_id = changed.tenant_id AND e.order_id = changed.order_id
                AND e.xid IS NOT DISTINCT FROM pg_catalog.pg_current_xact_id()
                AND e.type NOT IN ('shipped', 'shipment_corrected', 'commented'));
    RETURN NULL;
END $$;

COMMENT ON FUNCTION order_lines_changed() IS 'Trigger: keeps the orders whose lines changed without an event, until the rollups have counted them';

DO $$
DECLARE
    our_schema name;
BEGIN
    SELECT n.nspname INTO our_schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = 'orders'::regclass::oid;
    REVOKE ALL ON FUNCTION order_lines_changed() FROM PUBLIC;
    EXECUTE pg_catalog.format('ALTER FUNCTION order_lines_changed() SET search_path = pg_catalog, %I, pg_temp', our_schema);
END $$;

CREATE TRIGGER order_lines_inserted AFTER INSERT ON order_lines REFERENCING NEW TABLE AS changed_lines
    FOR EACH STATEMENT EXECUTE FUNCTION order_lines_changed();
CREATE TRIGGER order_lines_updated_from AFTER UPDATE ON order_lines REFERENCING OLD TABLE AS changed_lines
    FOR EACH STATEMENT EXECUTE FUNCTION order_lines_changed();
CREATE TRIGGER order_lines_updated_to AFTER UPDATE ON order_lines REFERENCING NEW TABLE AS changed_lines
    FOR EACH STATEMENT EXECUTE FUNCTION order_lines_changed();
CREATE TRIGGER order_lines_deleted AFTER DELETE ON order_lines REFERENCING OLD TABLE AS changed_lines
    FOR EACH STATEMENT EXECUTE FUNCTION order_lines_changed();
CREATE TRIGGER order_lines_truncated AFTER TRUNCATE ON order_lines
    FOR EACH STATEMENT EXECUTE FUNCTION order_lines_changed();
