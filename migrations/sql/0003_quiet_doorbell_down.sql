-- The ring of 0001: every transaction rings.
CREATE OR REPLACE FUNCTION order_events_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    this_transaction text := pg_current_xact_id()::text;
    remembered text[] := string_to_array(current_setting('doorbell.rung', true), ':');
    rung bigint[] := '{}';
    changed record;
BEGIN
    IF remembered[1] = this_transaction THEN
        rung := string_to_array(remembered[2], ',')::bigint[];
    END IF;
    IF lower(current_setting('doorbell.notify', true)) IN ('off', 'false', 'no', '0') IS NOT TRUE THEN
        INSERT INTO notifications (tenant_id, user_id, order_id, event_id, type)
        SELECT tenant_id, owner_id, order_id, id, type
        FROM new_events
        WHERE type IN ('paid', 'shipped') AND owner_id IS NOT NULL AND owner_id IS DISTINCT FROM actor_id;
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
