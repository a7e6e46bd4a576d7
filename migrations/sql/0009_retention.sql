-- The functions of partitions and retention, as they are now, with the rules of 0009_functions.sql: built-ins by pg_catalog, a
-- pinned search_path, EXECUTE for the owner alone. They run with their caller's rights.
--
-- Retention drops the months of order_events that end before the last RETENTION_DAYS days, but no unread event. A reader has
-- read an event when the snapshot of its cursor sees the event's xid. A transaction that commits after the readers have passed
-- would be dropped unread, so the check runs under a lock for which all writers must have ended. It runs once before, without
-- the lock, so that a month that has to stay does not block the writers hour after hour.
--
-- Rows from a dump of another cluster may have an xid that this cluster has not reached. A listener that starts again from
-- scratch gives them the oldest xid (webapp/outbox/cursor.py), so they count as read here; otherwise a restored table could
-- not be dropped before. Under the lock that is safe: all writers of this cluster have ended, so their xids are not ahead.

-- Creates the partitions of this month and the next months, in UTC. Names the schema, because in a pinned search_path a new
-- table would go to pg_catalog.
CREATE OR REPLACE FUNCTION order_events_make_partitions(months_ahead integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    first_month timestamp := pg_catalog.date_trunc('month', pg_catalog.now() AT TIME ZONE 'UTC');
    our_schema name;
    month timestamp;
    name text;
BEGIN
    SELECT n.nspname INTO our_schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = 'order_events'::regclass::oid;
    FOR month IN
        SELECT first_month + pg_catalog.make_interval(months => ahead)
        FROM pg_catalog.generate_series(0, months_ahead) AS ahead
    LOOP
        name := 'order_events_' || pg_catalog.to_char(month, 'YYYY_MM');
        IF pg_catalog.to_regclass(pg_catalog.format('%I.%I', our_schema, name)) IS NULL THEN
            BEGIN
                EXECUTE pg_catalog.format(
                    'CREATE TABLE %1$I.%2$I PARTITION OF %1$I.order_events FOR VALUES FROM (%3$L) TO (%4$L)',
                    our_schema, name, month AT TIME ZONE 'UTC',
                    (month + pg_catalog.make_interval(months => 1)) AT TIME ZONE 'UTC');
            EXCEPTION WHEN check_violation THEN  -- created too late; go on with the next month
                RAISE WARNING '% is not created: order_events_default already has events of that month', name;
            END;
        END IF;
    END LOOP;
END $$;

-- Whether the reader's cursor is valid here: of this cluster and timeline, and not ahead of the present. After a restore or a
-- failover it is not, and the reader starts again from scratch.
CREATE OR REPLACE FUNCTION outbox_reader_is_valid(reader outbox_readers) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT reader.system_identifier = present.system_identifier::numeric
        AND reader.timeline = ('x' || pg_catalog.substr(
            pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::bit(32)::integer
        AND pg_catalog.pg_snapshot_xmax(reader.snapshot)
            <= pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())
    FROM pg_catalog.pg_control_system() AS present
$$;

-- Why events of `part` may be unread, in words; NULL when every reader has read all of them. Two index scans per reader.
CREATE OR REPLACE FUNCTION order_events_unread_reason(part regclass) RETURNS text
LANGUAGE plpgsql SET enable_seqscan = off SET jit = off AS $$
DECLARE
    reader record;
    unread boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM outbox_readers) THEN
        RETURN 'no reader has saved a cursor yet';
    END IF;
    FOR reader IN
        SELECT r.name, r.snapshot, outbox_reader_is_valid(r) AS is_valid FROM outbox_readers r ORDER BY r.name
    LOOP
        IF NOT reader.is_valid THEN
            RETURN pg_catalog.format(
                'the cursor of %s is of another cluster or timeline; its next run starts again from scratch', reader.name);
        END IF;
        -- NOT pg_visible_in_snapshot(xid, snapshot), and not ahead of the present, in a form that the index serves.
        EXECUTE pg_catalog.format(
            'SELECT EXISTS (SELECT FROM %1$s WHERE xid >= pg_catalog.pg_snapshot_xmax($1)'
            '        AND xid < pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()))'
            '    OR EXISTS (SELECT FROM %1$s WHERE xid = ANY (ARRAY(SELECT pg_catalog.pg_snapshot_xip($1))))', part)
            INTO unread USING reader.snapshot;
        IF unread THEN
            RETURN pg_catalog.format('%s has not read all of it', reader.name);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

-- Drops one old partition, in a transaction of its own. Returns NULL when it is dropped, else why it stays.
-- Raises lock_not_available after 1 s of waiting for a writer or a long query, because new orders wait behind this request.
-- The locks are taken in DROP TABLE's own order, and only the first is waited for. (With a default partition there is no
-- DETACH CONCURRENTLY.)
CREATE OR REPLACE FUNCTION order_events_drop_partition(part regclass, keep_days integer) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    old_part constant regclass := part;
    unread_reason text;
BEGIN
    IF pg_catalog.current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'the transaction is %, so its snapshot is older than the lock and misses the last commits: '
            'drop a partition under READ COMMITTED',
            pg_catalog.upper(pg_catalog.current_setting('transaction_isolation'));
    END IF;
    IF NOT EXISTS (
        SELECT FROM order_events_partitions() p
        WHERE p.part::oid = old_part::oid AND p.ends <= retention_cutoff(keep_days)
    ) THEN
        RAISE EXCEPTION '% is not a partition of order_events that ends before the last % days', old_part, keep_days;
    END IF;
    PERFORM pg_catalog.set_config('lock_timeout', '1s', true);
    unread_reason := order_events_unread_reason(old_part);
    IF unread_reason IS NOT NULL THEN
        RETURN unread_reason;
    END IF;
    LOCK TABLE ONLY order_events IN ACCESS EXCLUSIVE MODE;
    EXECUTE pg_catalog.format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE NOWAIT', old_part);
    LOCK TABLE order_events_default IN ACCESS EXCLUSIVE MODE NOWAIT;
    unread_reason := order_events_unread_reason(old_part);  -- sees all commits: the writers have ended
    IF unread_reason IS NULL THEN
        EXECUTE pg_catalog.format('DROP TABLE %s', old_part);
    END IF;
    RETURN unread_reason;
END $$;

-- Deletes at most `max_rows` old rows that every reader has read from the default partition; returns their number. Needs no
-- lock: it neither sees nor deletes what a writer has not committed.
CREATE OR REPLACE FUNCTION order_events_delete_old(keep_days integer, max_rows integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    deleted integer;
BEGIN
    IF (SELECT pg_catalog.bool_and(outbox_reader_is_valid(r)) FROM outbox_readers r) IS NOT TRUE THEN  -- NULL: no reader
        RETURN 0;
    END IF;
    DELETE FROM order_events_default WHERE ctid = ANY (ARRAY(
        SELECT e.ctid FROM order_events_default e
        WHERE e.recorded_at < retention_cutoff(keep_days)
            AND (e.xid >= pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())
                 OR NOT EXISTS (
                     SELECT FROM outbox_readers r WHERE NOT pg_catalog.pg_visible_in_snapshot(e.xid, r.snapshot)))
        ORDER BY e.id LIMIT max_rows));
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END $$;
