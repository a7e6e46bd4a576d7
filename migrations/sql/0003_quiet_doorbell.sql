-- Writes notifications and rings, with quiet mode: while the listener drains in short intervals, writers do not ring.
-- docs/doorbell.md has the protocol and the proof that it loses nothing.
--
-- A NOTIFY takes a lock on the whole cluster at commit, so writers that ring commit one after another. In quiet mode the
-- listener therefore holds an advisory lock, and a writer that cannot share it does not ring. It is a lock and not a row,
-- because under REPEATABLE READ a row shows the past. A writer releases it at once: a lock held until the commit would keep
-- the listener from ever taking it. A listener that dies loses the lock with its session, and writers ring again.
--
-- A ring has no data, so one per tenant and transaction is enough: doorbell.rung stores the transaction and its tenants. A
-- rollback to a savepoint undoes both that setting and the NOTIFY.
--
-- A writer may set, for its session or its transaction:
--   doorbell.notify  off: writes no notifications (the import sets it for history)
--   doorbell.ring    off: never rings. PostgreSQL refuses PREPARE TRANSACTION after a NOTIFY, so a writer that commits in
--                    two phases needs it; its change shows at the listener's next drain, 5 s later at most
CREATE OR REPLACE FUNCTION order_events_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
