-- The triggers of 0001 and 0003, and the columns of 0005. PUBLIC gets no rights back, and the maintenance functions keep their
-- search_path, because both are harmless. written_by, claimed_actor_id and refunded_at are lost.
CREATE OR REPLACE FUNCTION orders_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, via, amount_minor, new_values, occurred_at)
    SELECT n.tenant_id, n.id, happened.type, n.owner_id, doorbell_actor(), current_setting('application_name'),
           happened.amount_minor,
           CASE happened.type
               WHEN 'placed' THEN
                   jsonb_build_object('status', n.status, 'total_minor', n.total_minor, 'currency', n.currency)
               WHEN 'refunded' THEN jsonb_build_object('status', n.status, 'refunded_minor', n.refunded_minor)
               ELSE jsonb_build_object('status', n.status)
           END,
           happened.occurred_at
    FROM new_rows n
    CROSS JOIN LATERAL (VALUES
        ('placed', n.placed_at, n.total_minor),
        ('paid', n.paid_at, n.total_minor),
        ('shipped', n.shipped_at, NULL),
        -- The row has no date of the refund; the day of the payment is the best date known.
        ('refunded', CASE WHEN n.refunded_minor > 0 THEN n.paid_at END, n.refunded_minor),
        ('cancelled', n.cancelled_at, NULL)
    ) AS happened (type, occurred_at, amount_minor)
    WHERE happened.occurred_at IS NOT NULL;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION orders_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
    -- The session keeps the plan, and a plan made for a single row must not loop over the rows of a bulk update.
    SET enable_nestloop = off
AS $$
BEGIN
    IF EXISTS (
        SELECT FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id AND o.tenant_id = n.tenant_id WHERE o.id IS NULL
    ) THEN
        RAISE EXCEPTION 'the id and tenant_id of an order cannot change: delete the order and insert it anew';
    END IF;

    INSERT INTO order_events (
        tenant_id, order_id, type, owner_id, actor_id, via, amount_minor, old_values, new_values, occurred_at)
    SELECT n.tenant_id, n.id, happened.type, n.owner_id, doorbell_actor(), current_setting('application_name'),
           happened.amount_minor,
           CASE happened.type
               WHEN 'refunded' THEN jsonb_build_object('status', o.status, 'refunded_minor', o.refunded_minor)
               WHEN 'reassigned' THEN jsonb_build_object('owner_id', o.owner_id)
               WHEN 'edited' THEN order_differences(to_jsonb(o), to_jsonb(n))
               ELSE jsonb_build_object('status', o.status)
           END,
           CASE happened.type
               WHEN 'refunded' THEN jsonb_build_object('status', n.status, 'refunded_minor', n.refunded_minor)
               WHEN 'reassigned' THEN jsonb_build_object('owner_id', n.owner_id)
               WHEN 'edited' THEN order_differences(to_jsonb(n), to_jsonb(o))
               ELSE jsonb_build_object('status', n.status)
           END,
           coalesce(happened.occurred_at, now())
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    CROSS JOIN LATERAL (VALUES
        ('edited',
         (o.number, o.customer, o.total_minor, o.currency, o.placed_at)
             IS DISTINCT FROM (n.number, n.customer, n.total_minor, n.currency, n.placed_at)
         OR o.paid_at IS NOT NULL AND o.paid_at IS DISTINCT FROM n.paid_at
         OR o.shipped_at IS NOT NULL AND o.shipped_at IS DISTINCT FROM n.shipped_at
         OR o.cancelled_at IS NOT NULL AND o.cancelled_at IS DISTINCT FROM n.cancelled_at,
         NULL, NULL),
        ('reassigned', o.owner_id IS DISTINCT FROM n.owner_id, NULL, NULL),
        ('paid', o.paid_at IS NULL AND n.paid_at IS NOT NULL, n.paid_at, n.total_minor),
        ('shipped', o.shipped_at IS NULL AND n.shipped_at IS NOT NULL, n.shipped_at, NULL),
        ('refunded', o.refunded_minor <> n.refunded_minor, NULL, n.refunded_minor - o.refunded_minor),
        ('cancelled', o.cancelled_at IS NULL AND n.cancelled_at IS NOT NULL, n.cancelled_at, NULL)
    ) AS happened (type, is_so, occurred_at, amount_minor)
    WHERE happened.is_so;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION orders_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, via, old_values, occurred_at)
    SELECT o.tenant_id, o.id, 'deleted', o.owner_id, doorbell_actor(), current_setting('application_name'),
           jsonb_build_object('number', o.number, 'status', o.status, 'total_minor', o.total_minor,
                              'placed_at', o.placed_at, 'paid_at', o.paid_at), now()
    FROM old_rows o;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION orders_truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, via, old_values, occurred_at)
    SELECT o.tenant_id, o.id, 'deleted', o.owner_id, doorbell_actor(), current_setting('application_name'),
           jsonb_build_object('number', o.number, 'status', o.status, 'total_minor', o.total_minor,
                              'placed_at', o.placed_at, 'paid_at', o.paid_at), now()
    FROM orders o;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION order_events_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    quiet_lock constant bigint := 13634531;  -- webapp/doorbell/connection.py: QUIET_LOCK
    this_transaction text;
    remembered text[];
    rung bigint[] := '{}';
    changed record;
BEGIN
    IF NOT EXISTS (SELECT FROM new_events) THEN  -- the trigger fires without rows too
        RETURN NULL;
    END IF;
    IF lower(current_setting('doorbell.notify', true)) IN ('off', 'false', 'no', '0') IS NOT TRUE THEN
        INSERT INTO notifications (tenant_id, user_id, order_id, event_id, type)
        SELECT tenant_id, owner_id, order_id, id, type
        FROM new_events
        WHERE type IN ('paid', 'shipped') AND owner_id IS NOT NULL AND owner_id IS DISTINCT FROM actor_id;
    END IF;

    IF lower(current_setting('doorbell.ring', true)) IN ('off', 'false', 'no', '0') THEN
        RETURN NULL;
    END IF;
    -- Checked after the INSERT: the transaction has its id by now, and the listener's grace period waits for that id.
    IF NOT pg_try_advisory_lock_shared(quiet_lock) THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_unlock_shared(quiet_lock);

    this_transaction := pg_current_xact_id()::text;
    remembered := string_to_array(current_setting('doorbell.rung', true), ':');
    IF remembered[1] = this_transaction THEN
        rung := string_to_array(remembered[2], ',')::bigint[];
    END IF;
    FOR changed IN
        SELECT tenant_id,
               CASE WHEN min(type) = max(type) THEN min(type) ELSE 'several' END AS type,
               CASE WHEN min(order_id) = max(order_id) THEN min(order_id) END AS order_id
        FROM new_events
        WHERE tenant_id <> ALL (rung)
        GROUP BY tenant_id
    LOOP
        PERFORM pg_notify('doorbell_v1',
            json_build_object('tenant_id', changed.tenant_id, 'type', changed.type, 'id', changed.order_id)::text);
        rung := rung || changed.tenant_id;
    END LOOP;
    PERFORM set_config('doorbell.rung', this_transaction || ':' || array_to_string(rung, ','), true);
    RETURN NULL;
END $$;

DO $$
DECLARE
    our_schema name;
    name text;
BEGIN
    SELECT n.nspname INTO our_schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = 'orders'::regclass::oid;
    FOREACH name IN ARRAY ARRAY['orders_inserted', 'orders_updated', 'orders_deleted', 'orders_truncated', 'order_events_inserted'] LOOP
        EXECUTE pg_catalog.format('ALTER FUNCTION %I.%I() SET search_path = pg_catalog, %I, pg_temp', our_schema, name, our_schema);
    END LOOP;
END $$;

ALTER TABLE order_events DROP COLUMN claimed_actor_id, DROP COLUMN written_by;
DROP INDEX ix_orders_refunded;
ALTER TABLE tenants
    DROP CONSTRAINT ck_tenants_name_length,
    DROP CONSTRAINT ck_tenants_timezone_length,
    DROP CONSTRAINT ck_tenants_locale_length;
ALTER TABLE users
    DROP CONSTRAINT ck_users_email_length,
    DROP CONSTRAINT ck_users_name_length,
    DROP CONSTRAINT ck_users_password_hash_length;
ALTER TABLE order_lines
    DROP CONSTRAINT ck_order_lines_sku_length,
    DROP CONSTRAINT ck_order_lines_product_length;
ALTER TABLE orders
    DROP CONSTRAINT ck_orders_customer_length,
    DROP CONSTRAINT ck_orders_source_length,
    DROP COLUMN refunded_at;
