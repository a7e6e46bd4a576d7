-- The trigger functions, as they are now. They write the same events as in 0006_functions.sql; names and messages are plain.
--
-- The trigger functions are SECURITY DEFINER: a writer needs rights on `orders` alone. Four walls protect them:
--   1. EXECUTE belongs to the owner. A trigger fires for every writer, but CREATE TRIGGER on another table needs EXECUTE,
--      which PUBLIC has on a new function until it is revoked (0009_rights.sql).
--   2. Each function refuses every table and operation but its own before it reads a row. So a transition table has our
--      columns and types, and no cast of another role runs here.
--   3. Every built-in function is written with pg_catalog. The pinned search_path does not protect from overloads: one
--      with the exact argument types, in a schema where others may create, beats a VARIADIC "any" or polymorphic one of
--      pg_catalog. Operators find their exact types in pg_catalog, which is searched first; where the types would not be
--      exact (varchar, oid with regclass, array with element) they are cast or avoided.
--   4. The search_path ends with pg_temp, so no temporary table of a writer replaces ours.
-- jit is off: PostgreSQL keeps a plan with its decision to compile, so after one bulk load it would compile for each single
-- row. Until version 17 it would do so wherever enable_nestloop is off, because that counts as a cost of 10 billion.
-- Measured on PostgreSQL 15 on a busy machine for the UPDATE of one row: 1.3 to 2.8 s with jit, 1.2 to 1.3 ms without.
-- A body contains no backslash, because a writer may turn standard_conforming_strings off.
--
-- A writer may set, for its session or its transaction:
--   doorbell.actor   the id of the user who acts. From a session of Doorbell's own role it is stored as actor_id. From any
--                    other role it is a claim: claimed_actor_id, which suppresses no notification.
--   doorbell.notify  off: writes no notifications
--   doorbell.ring    off: never rings (for PREPARE TRANSACTION, which PostgreSQL refuses after a NOTIFY)

-- VALUES is joined LATERAL, so an order's events are written together, in the order of the list. Their ids have that order
-- too, without a sort.
CREATE OR REPLACE FUNCTION orders_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    actor constant bigint := doorbell_actor();
    actor_is_trusted constant boolean := pg_catalog.pg_has_role(session_user, current_user, 'MEMBER');
BEGIN
    IF TG_RELID <> 'orders'::regclass::oid OR TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'orders_inserted() is for INSERT on orders, not for % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, claimed_actor_id, via, written_by,
                              amount_minor, new_values, occurred_at)
    SELECT n.tenant_id, n.id, event.type, n.owner_id,
           CASE WHEN actor_is_trusted THEN actor END, CASE WHEN NOT actor_is_trusted THEN actor END,
           pg_catalog.current_setting('application_name'), session_user, event.amount_minor,
           CASE event.type
               WHEN 'placed' THEN pg_catalog.jsonb_build_object(
                   'status', n.status, 'total_minor', n.total_minor, 'currency', n.currency)
               WHEN 'refunded' THEN pg_catalog.jsonb_build_object('status', n.status, 'refunded_minor', n.refunded_minor)
               ELSE pg_catalog.jsonb_build_object('status', n.status)
           END,
           event.occurred_at
    FROM new_rows n
    CROSS JOIN LATERAL (VALUES
        ('placed', n.placed_at, n.total_minor),
        ('paid', n.paid_at, n.total_minor),
        ('shipped', n.shipped_at, NULL),
        -- Without refunded_at, the day of the payment is the best date known.
        ('refunded', CASE WHEN n.refunded_minor > 0 THEN coalesce(n.refunded_at, n.paid_at) END, n.refunded_minor),
        ('cancelled', n.cancelled_at, NULL)
    ) AS event (type, occurred_at, amount_minor)
    WHERE event.occurred_at IS NOT NULL;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION orders_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET jit = off
    -- The session keeps the plan, and a plan made for a single row must not loop over the rows of a bulk update.
    SET enable_nestloop = off
AS $$
DECLARE
    actor constant bigint := doorbell_actor();
    actor_is_trusted constant boolean := pg_catalog.pg_has_role(session_user, current_user, 'MEMBER');
BEGIN
    IF TG_RELID <> 'orders'::regclass::oid OR TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'orders_updated() is for UPDATE on orders, not for % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    IF EXISTS (
        SELECT FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id AND o.tenant_id = n.tenant_id WHERE o.id IS NULL
    ) THEN
        RAISE EXCEPTION 'the id and tenant_id of an order cannot change: delete the order and insert it again';
    END IF;

    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, claimed_actor_id, via, written_by,
                              amount_minor, old_values, new_values, occurred_at)
    SELECT n.tenant_id, n.id, event.type, n.owner_id,
           CASE WHEN actor_is_trusted THEN actor END, CASE WHEN NOT actor_is_trusted THEN actor END,
           pg_catalog.current_setting('application_name'), session_user, event.amount_minor,
           CASE event.type
               WHEN 'refunded' THEN pg_catalog.jsonb_build_object('status', o.status, 'refunded_minor', o.refunded_minor)
               WHEN 'reassigned' THEN pg_catalog.jsonb_build_object('owner_id', o.owner_id)
               WHEN 'edited' THEN order_differences(pg_catalog.to_jsonb(o), pg_catalog.to_jsonb(n))
               ELSE pg_catalog.jsonb_build_object('status', o.status)
           END,
           CASE event.type
               WHEN 'refunded' THEN pg_catalog.jsonb_build_object('status', n.status, 'refunded_minor', n.refunded_minor)
               WHEN 'reassigned' THEN pg_catalog.jsonb_build_object('owner_id', n.owner_id)
               WHEN 'edited' THEN order_differences(pg_catalog.to_jsonb(n), pg_catalog.to_jsonb(o))
               ELSE pg_catalog.jsonb_build_object('status', n.status)
           END,
           coalesce(event.occurred_at, pg_catalog.now())
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
    ) AS event (type, applies, occurred_at, amount_minor)
    WHERE event.applies;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION orders_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    actor constant bigint := doorbell_actor();
    actor_is_trusted constant boolean := pg_catalog.pg_has_role(session_user, current_user, 'MEMBER');
BEGIN
    IF TG_RELID <> 'orders'::regclass::oid OR TG_OP <> 'DELETE' THEN
        RAISE EXCEPTION 'orders_deleted() is for DELETE on orders, not for % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, claimed_actor_id, via, written_by,
                              old_values, occurred_at)
    SELECT o.tenant_id, o.id, 'deleted', o.owner_id,
           CASE WHEN actor_is_trusted THEN actor END, CASE WHEN NOT actor_is_trusted THEN actor END,
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
    actor constant bigint := doorbell_actor();
    actor_is_trusted constant boolean := pg_catalog.pg_has_role(session_user, current_user, 'MEMBER');
BEGIN
    IF TG_RELID <> 'orders'::regclass::oid OR TG_OP <> 'TRUNCATE' THEN
        RAISE EXCEPTION 'orders_truncated() is for TRUNCATE on orders, not for % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, claimed_actor_id, via, written_by,
                              old_values, occurred_at)
    SELECT o.tenant_id, o.id, 'deleted', o.owner_id,
           CASE WHEN actor_is_trusted THEN actor END, CASE WHEN NOT actor_is_trusted THEN actor END,
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
    last_ring text[];  -- its transaction, its tenants
    tenants_rung bigint[] := '{}';
    ring record;
BEGIN
    IF TG_RELID <> 'order_events'::regclass::oid OR TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'order_events_inserted() is for INSERT on order_events, not for % on %', TG_OP, TG_TABLE_NAME;
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
    last_ring := pg_catalog.string_to_array(pg_catalog.current_setting('doorbell.rung', true), ':');
    IF last_ring[1] = this_transaction THEN
        tenants_rung := pg_catalog.string_to_array(last_ring[2], ',')::bigint[];
    END IF;
    FOR ring IN
        SELECT tenant_id,
               CASE WHEN pg_catalog.min(type) = pg_catalog.max(type) THEN pg_catalog.min(type) ELSE 'several' END AS type,
               CASE WHEN pg_catalog.min(order_id) = pg_catalog.max(order_id) THEN pg_catalog.min(order_id) END AS order_id
        FROM new_events
        WHERE tenant_id <> ALL (tenants_rung)
        GROUP BY tenant_id
    LOOP
        PERFORM pg_catalog.pg_notify('doorbell_v1', pg_catalog.json_build_object(
            'tenant_id', ring.tenant_id, 'type', ring.type, 'id', ring.order_id)::text);
        tenants_rung := pg_catalog.array_append(tenants_rung, ring.tenant_id);
    END LOOP;
    PERFORM pg_catalog.set_config(
        'doorbell.rung', this_transaction || ':' || pg_catalog.array_to_string(tenants_rung, ','), true);
    RETURN NULL;
END $$;
