-- The doorbell's write side: a change of orders writes events and notifications, and rings.
--
--   orders ──(3 statement triggers, 1 for TRUNCATE)──▶ order_events ──(1 statement trigger)──▶ notifications, NOTIFY
--
-- Statement-level triggers with transition tables: a statement that changes 100,000 orders costs one INSERT of events and
-- one ring per tenant. All of it happens in the writer's own transaction, so a rollback leaves nothing and rings nothing
-- (PostgreSQL delivers a NOTIFY at COMMIT only). The functions run with their owner's rights, so a writer of orders needs
-- no rights on the outbox. Their search_path ends with pg_temp, so that no temporary table of a writer replaces ours.
--
-- A writer may set, for its session or its transaction:
--   doorbell.actor   the id of the user who acts (the web app sets it); without it an event names application_name alone
--   doorbell.notify  off: writes no notifications (the import sets it for history)

-- Partitions of order_events, one per month (UTC), created ahead. A row without its month's partition goes to the default
-- partition, because a missing partition must never fail an order.
CREATE FUNCTION order_events_make_partitions(months_ahead integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    first_month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    month timestamp;
    name text;
BEGIN
    FOR month IN SELECT first_month + make_interval(months => ahead) FROM generate_series(0, months_ahead) AS ahead LOOP
        name := 'order_events_' || to_char(month, 'YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            BEGIN
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF order_events FOR VALUES FROM (%L) TO (%L)',
                    name, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
            EXCEPTION WHEN check_violation THEN  -- created too late; go on with the next month
                RAISE WARNING 'events of % stay in order_events_default, which already has some', name;
            END;
        END IF;
    END LOOP;
END $$;

CREATE TABLE order_events_default PARTITION OF order_events DEFAULT;
SELECT order_events_make_partitions(2);

CREATE FUNCTION doorbell_actor() RETURNS bigint
LANGUAGE sql STABLE
-- Anything but a number is NULL, so that a mistyped setting fails no order.
RETURN CASE WHEN current_setting('doorbell.actor', true) ~ '^[0-9]{1,18}$'
            THEN current_setting('doorbell.actor', true)::bigint END;

-- The values of `one` that differ in `other`, in the columns that an edit concerns.
CREATE FUNCTION order_differences(one jsonb, other jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(key, one -> key)
    FROM unnest(ARRAY['number', 'customer', 'total_minor', 'currency', 'status',
                      'placed_at', 'paid_at', 'shipped_at', 'cancelled_at']) AS key
    WHERE one -> key IS DISTINCT FROM other -> key
$$;

CREATE FUNCTION orders_inserted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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

CREATE FUNCTION orders_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
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

CREATE FUNCTION orders_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, via, old_values, occurred_at)
    SELECT o.tenant_id, o.id, 'deleted', o.owner_id, doorbell_actor(), current_setting('application_name'),
           jsonb_build_object('number', o.number, 'status', o.status, 'total_minor', o.total_minor,
                              'placed_at', o.placed_at, 'paid_at', o.paid_at), now()
    FROM old_rows o;
    RETURN NULL;
END $$;

-- TRUNCATE has no transition table, so the trigger runs before it and reads the rows.
CREATE FUNCTION orders_truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, via, old_values, occurred_at)
    SELECT o.tenant_id, o.id, 'deleted', o.owner_id, doorbell_actor(), current_setting('application_name'),
           jsonb_build_object('number', o.number, 'status', o.status, 'total_minor', o.total_minor,
                              'placed_at', o.placed_at, 'paid_at', o.paid_at), now()
    FROM orders o;
    RETURN NULL;
END $$;

-- Writes notifications and rings. A ring has no data, so one per tenant and transaction is enough: doorbell.rung stores the
-- transaction and its tenants. A rollback to a savepoint undoes both that setting and the NOTIFY.
CREATE FUNCTION order_events_inserted() RETURNS trigger
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

CREATE TRIGGER orders_inserted AFTER INSERT ON orders
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION orders_inserted();
CREATE TRIGGER orders_updated AFTER UPDATE ON orders
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION orders_updated();
CREATE TRIGGER orders_deleted AFTER DELETE ON orders
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION orders_deleted();
CREATE TRIGGER orders_truncated BEFORE TRUNCATE ON orders
    FOR EACH STATEMENT EXECUTE FUNCTION orders_truncated();
CREATE TRIGGER order_events_inserted AFTER INSERT ON order_events
    REFERENCING NEW TABLE AS new_events FOR EACH STATEMENT EXECUTE FUNCTION order_events_inserted();
