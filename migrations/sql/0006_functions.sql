-- Every function again, so that no other role can use one against its owner; 0009_functions.sql has the reasons. The triggers
-- write what they wrote before, and the columns of 0006_columns.sql. Changes dated more than a day ago notify no user.

-- The user id in doorbell.actor. NULL for anything but a number, so that a mistyped setting fails no order.
CREATE OR REPLACE FUNCTION doorbell_actor() RETURNS bigint
LANGUAGE sql STABLE
RETURN CASE WHEN pg_catalog.current_setting('doorbell.actor', true) OPERATOR(pg_catalog.~) '^[0-9]{1,18}$'
            THEN pg_catalog.current_setting('doorbell.actor', true)::bigint END;

-- The values of `one` that differ in `other`, in the columns that an edit concerns.
CREATE OR REPLACE FUNCTION order_differences(one jsonb, other jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN (
    SELECT pg_catalog.jsonb_object_agg(key, one OPERATOR(pg_catalog.->) key)
    FROM pg_catalog.unnest(ARRAY['number', 'customer', 'total_minor', 'currency', 'status',
                                 'placed_at', 'paid_at', 'shipped_at', 'cancelled_at']) AS key
    WHERE (one OPERATOR(pg_catalog.->) key) IS DISTINCT FROM (other OPERATOR(pg_catalog.->) key)
);

-- VALUES is joined LATERAL, so an order's events are written together, in the order of the list. Their ids have that order
-- too, without a sort.
CREATE OR REPLACE FUNCTION orders_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    claim constant bigint := doorbell_actor();
    trusted constant boolean := pg_catalog.pg_has_role(session_user, current_user, 'MEMBER');
BEGIN
    IF TG_RELID <> 'orders'::regclass::oid OR TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'orders_inserted() serves INSERT on orders alone, not % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, claimed_actor_id, via, written_by,
                              amount_minor, new_values, occurred_at)
    SELECT n.tenant_id, n.id, happened.type, n.owner_id,
           CASE WHEN trusted THEN claim END, CASE WHEN NOT trusted THEN claim END,
           pg_catalog.current_setting('application_name'), session_user, happened.amount_minor,
           CASE happened.type
               WHEN 'placed' THEN pg_catalog.jsonb_build_object(
                   'status', n.status, 'total_minor', n.total_minor, 'currency', n.currency)
               WHEN 'refunded' THEN pg_catalog.jsonb_build_object('status', n.status, 'refunded_minor', n.refunded_minor)
               ELSE pg_catalog.jsonb_build_object('status', n.status)
           END,
           happened.occurred_at
    FROM new_rows n
    CROSS JOIN LATERAL (VALUES
        ('placed', n.placed_at, n.total_minor),
        ('paid', n.paid_at, n.total_minor),
        ('shipped', n.shipped_at, NULL),
        -- Without refunded_at, the day of the payment is the best date known.
        ('refunded', CASE WHEN n.refunded_minor > 0 THEN coalesce(n.refunded_at, n.paid_at) END, n.refunded_minor),
        ('cancelled', n.cancelled_at, NULL)
    ) AS happened (type, occurred_at, amount_minor)
    WHERE happened.occurred_at IS NOT NULL;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION orders_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET jit = off
    -- The session keeps the plan, and a plan made for a single row must not loop over the rows of a bulk update.
    SET enable_nestloop = off
AS $$
DECLARE
    claim constant bigint := doorbell_actor();
    trusted constant boolean := pg_catalog.pg_has_role(session_user, current_user, 'MEMBER');
BEGIN
    IF TG_RELID <> 'orders'::regclass::oid OR TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'orders_updated() serves UPDATE on orders alone, not % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    IF EXISTS (
        SELECT FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id AND o.tenant_id = n.tenant_id WHERE o.id IS NULL
    ) THEN
        RAISE EXCEPTION 'the id and tenant_id of an order cannot change: delete the order and insert it anew';
    END IF;

    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, claimed_actor_id, via, written_by,
                              amount_minor, old_values, new_values, occurred_at)
    SELECT n.tenant_id, n.id, happened.type, n.owner_id,
           CASE WHEN trusted THEN claim END, CASE WHEN NOT trusted THEN claim END,
           pg_catalog.current_setting('application_name'), session_user, happened.amount_minor,
           CASE happened.type
               WHEN 'refunded' THEN pg_catalog.jsonb_build_object('status', o.status, 'refunded_minor', o.refunded_minor)
               WHEN 'reassigned' THEN pg_catalog.jsonb_build_object('owner_id', o.owner_id)
               WHEN 'edited' THEN order_differences(pg_catalog.to_jsonb(o), pg_catalog.to_jsonb(n))
               ELSE pg_catalog.jsonb_build_object('status', o.status)
           END,
           CASE happened.type
               WHEN 'refunded' THEN pg_catalog.jsonb_build_object('status', n.status, 'refunded_minor', n.refunded_minor)
               WHEN 'reassigned' THEN pg_catalog.jsonb_build_object('owner_id', n.owner_id)
               WHEN 'edited' THEN order_differences(pg_catalog.to_jsonb(n), pg_catalog.to_jsonb(o))
               ELSE pg_catalog.jsonb_build_object('status', n.status)
           END,
           coalesce(happened.occurred_at, pg_catalog.now())
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    CROSS JOIN LATERAL (VALUES
        ('edited',
         (o.number, o.customer, o.total_minor, o.currency::text, o.placed_at)
             IS DISTINCT FROM (n.number, n.customer, n.total_minor, n.currency::text, n.placed_at)
         OR o.paid_at IS NOT NULL AND o.paid_at IS DISTINCT FROM n.paid_at
         OR o.shipped_at IS NOT NULL AND o.shipped_at IS DISTINCT FROM n.shipped_at
         OR o.cancelled_at IS NOT NULL AND o.cancelled_at IS DISTINCT FROM n.cancelled_at,
         NULL, NULL),
        ('reassigned', o.owner_id IS DISTINCT FROM n.owner_id, NULL, NULL),
        ('paid', o.paid_at IS NULL AND n.paid_at IS NOT NULL, n.paid_at, n.total_minor),
        ('shipped', o.shipped_at IS NULL AND n.shipped_at IS NOT NULL, n.shipped_at, NULL),
        -- refunded_at dates this refund only if this statement set it. Otherwise it dates an earlier refund.
        ('refunded', o.refunded_minor <> n.refunded_minor,
         CASE WHEN o.refunded_at IS DISTINCT FROM n.refunded_at THEN n.refunded_at END,
         n.refunded_minor - o.refunded_minor),
        ('cancelled', o.cancelled_at IS NULL AND n.cancelled_at IS NOT NULL, n.cancelled_at, NULL)
    ) AS happened (type, is_so, occurred_at, amount_minor)
    WHERE happened.is_so;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION orders_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    claim constant bigint := doorbell_actor();
    trusted constant boolean := pg_catalog.pg_has_role(session_user, current_user, 'MEMBER');
BEGIN
    IF TG_RELID <> 'orders'::regclass::oid OR TG_OP <> 'DELETE' THEN
        RAISE EXCEPTION 'orders_deleted() serves DELETE on orders alone, not % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, claimed_actor_id, via, written_by,
                              old_values, occurred_at)
    SELECT o.tenant_id, o.id, 'deleted', o.owner_id,
           CASE WHEN trusted THEN claim END, CASE WHEN NOT trusted THEN claim END,
           pg_catalog.current_setting('application_name'), session_user,
           pg_catalog.jsonb_build_object('number', o.number, 'status', o.status, 'total_minor', o.total_minor,
                                         'placed_at', o.placed_at, 'paid_at', o.paid_at), pg_catalog.now()
    FROM old_rows o;
    RETURN NULL;
END $$;

-- TRUNCATE has no transition table, so the trigger runs before it and reads the rows.
CREATE OR REPLACE FUNCTION orders_truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    claim constant bigint := doorbell_actor();
    trusted constant boolean := pg_catalog.pg_has_role(session_user, current_user, 'MEMBER');
BEGIN
    IF TG_RELID <> 'orders'::regclass::oid OR TG_OP <> 'TRUNCATE' THEN
        RAISE EXCEPTION 'orders_truncated() serves TRUNCATE of orders alone, not % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, claimed_actor_id, via, written_by,
                              old_values, occurred_at)
    SELECT o.tenant_id, o.id, 'deleted', o.owner_id,
           CASE WHEN trusted THEN claim END, CASE WHEN NOT trusted THEN claim END,
           pg_catalog.current_setting('application_name'), session_user,
           pg_catalog.jsonb_build_object('number', o.number, 'status', o.status, 'total_minor', o.total_minor,
                                         'placed_at', o.placed_at, 'paid_at', o.paid_at), pg_catalog.now()
    FROM orders o;
    RETURN NULL;
END $$;

-- Writes notifications, and rings unless quiet mode is on. docs/doorbell.md has the protocol and the proof that it loses
-- nothing. A statement trigger of a partitioned table fires with the parent as TG_RELID, for each INSERT that names it.
CREATE OR REPLACE FUNCTION order_events_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    quiet_lock constant bigint := 13634531;  -- webapp/doorbell/connection.py: QUIET_LOCK
    this_transaction text;
    remembered text[];
    rung bigint[] := '{}';
    changed record;
BEGIN
    IF TG_RELID <> 'order_events'::regclass::oid OR TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'order_events_inserted() serves INSERT on order_events alone, not % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    IF NOT EXISTS (SELECT FROM new_events) THEN  -- the trigger fires without rows too
        RETURN NULL;
    END IF;
    IF pg_catalog.lower(pg_catalog.current_setting('doorbell.notify', true)) IN ('off', 'false', 'no', '0') IS NOT TRUE THEN
        INSERT INTO notifications (tenant_id, user_id, order_id, event_id, type)
        SELECT tenant_id, owner_id, order_id, id, type
        FROM new_events
        WHERE type IN ('paid', 'shipped') AND owner_id IS NOT NULL AND owner_id IS DISTINCT FROM actor_id
            AND occurred_at > pg_catalog.now() - pg_catalog.make_interval(days => 1);  -- not for history
    END IF;

    IF pg_catalog.lower(pg_catalog.current_setting('doorbell.ring', true)) IN ('off', 'false', 'no', '0') THEN
        RETURN NULL;
    END IF;
    -- Checked after the INSERT: the transaction has its id by now, and the listener's grace period waits for that id.
    IF NOT pg_catalog.pg_try_advisory_lock_shared(quiet_lock) THEN
        RETURN NULL;
    END IF;
    PERFORM pg_catalog.pg_advisory_unlock_shared(quiet_lock);

    this_transaction := pg_catalog.pg_current_xact_id()::text;
    remembered := pg_catalog.string_to_array(pg_catalog.current_setting('doorbell.rung', true), ':');
    IF remembered[1] = this_transaction THEN
        rung := pg_catalog.string_to_array(remembered[2], ',')::bigint[];
    END IF;
    FOR changed IN
        SELECT tenant_id,
               CASE WHEN pg_catalog.min(type) = pg_catalog.max(type) THEN pg_catalog.min(type) ELSE 'several' END AS type,
               CASE WHEN pg_catalog.min(order_id) = pg_catalog.max(order_id) THEN pg_catalog.min(order_id) END AS order_id
        FROM new_events
        WHERE tenant_id <> ALL (rung)
        GROUP BY tenant_id
    LOOP
        PERFORM pg_catalog.pg_notify('doorbell_v1', pg_catalog.json_build_object(
            'tenant_id', changed.tenant_id, 'type', changed.type, 'id', changed.order_id)::text);
        rung := pg_catalog.array_append(rung, changed.tenant_id);
    END LOOP;
    PERFORM pg_catalog.set_config(
        'doorbell.rung', this_transaction || ':' || pg_catalog.array_to_string(rung, ','), true);
    RETURN NULL;
END $$;
