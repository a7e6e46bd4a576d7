-- The function and the index as of 0009. Notifications of the newer kinds stay: their texts are made from their type.
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

DROP INDEX ix_notifications_type, ix_notifications_unread_list, ix_notifications_unread;
CREATE INDEX ix_notifications_unread ON notifications (tenant_id, user_id) WHERE read_at IS NULL;
COMMENT ON INDEX ix_notifications_unread IS
    'webapp/queries/inbox.py: the number of unread notifications';
