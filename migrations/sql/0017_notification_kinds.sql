-- Owners are notified of refunds and cancellations too, and of orders that they get or lose. The function is as in
-- 0009_functions.sql but for its INSERT.
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
        SELECT e.tenant_id, notified.user_id, e.order_id, e.id, notified.type
        FROM new_events e
        CROSS JOIN LATERAL (VALUES
            (e.owner_id, CASE WHEN e.type IN ('placed', 'reassigned') THEN 'assigned' ELSE e.type END),
            (CASE WHEN e.type = 'reassigned' THEN (e.old_values ->> 'owner_id')::bigint END, 'unassigned')
        ) AS notified (user_id, type)
        WHERE e.type IN ('placed', 'paid', 'shipped', 'refunded', 'cancelled', 'reassigned')
            AND notified.user_id IS NOT NULL AND notified.user_id IS DISTINCT FROM e.actor_id
            AND e.occurred_at > pg_catalog.now() - pg_catalog.make_interval(days => 1)  -- not for history
            -- An order that is inserted as paid notifies of the payment only. A reversed refund is not a refund.
            AND (e.type <> 'placed' OR e.new_values ->> 'status' = 'placed')
            AND (e.type <> 'refunded' OR e.amount_minor > 0)
            -- The statement that takes a user's orders may delete the user too.
            AND (notified.type <> 'unassigned'
                OR EXISTS (SELECT FROM users u WHERE u.tenant_id = e.tenant_id AND u.id = notified.user_id));
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

-- CREATE OR REPLACE keeps the rights of a function, but not its settings.
DO $$
DECLARE
    our_schema name;
BEGIN
    SELECT n.nspname INTO our_schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = 'orders'::regclass::oid;

    REVOKE ALL ON FUNCTION order_events_inserted() FROM PUBLIC;
    EXECUTE pg_catalog.format(
        'ALTER FUNCTION order_events_inserted() SET search_path = pg_catalog, %I, pg_temp', our_schema);
END $$;

-- The unread notifications: in the order of their transactions, so that the few since a snapshot are found among many, and in
-- the order of the list. The kinds: the inbox filtered by one.
DROP INDEX ix_notifications_unread;
CREATE INDEX ix_notifications_unread ON notifications (tenant_id, user_id, xid) WHERE read_at IS NULL;
CREATE INDEX ix_notifications_unread_list ON notifications (tenant_id, user_id, id DESC) WHERE read_at IS NULL;
CREATE INDEX ix_notifications_type ON notifications (tenant_id, user_id, type, id DESC);

COMMENT ON INDEX ix_notifications_unread IS
    'webapp/queries/inbox.py: the number of unread notifications; webapp/queries/new_items.py: those since a snapshot';
COMMENT ON INDEX ix_notifications_unread_list IS
    'webapp/queries/inbox_page.py: the unread notifications of a user, newest first';
COMMENT ON INDEX ix_notifications_type IS
    'webapp/queries/inbox_page.py: the notifications of a kind, newest first';
