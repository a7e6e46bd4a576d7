-- Retention of order_events. 0009_retention.sql has the rules and the present functions.

-- The partitions with both bounds given, oldest first. Read from the catalog, not from their names: order_events_default
-- and a partition without a lower bound are not among them, and are never dropped.
CREATE FUNCTION order_events_partitions() RETURNS TABLE (part regclass, begins timestamptz, ends timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT c.oid::regclass, bounds[1]::timestamptz, bounds[2]::timestamptz
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''(.+)''\) TO \(''(.+)''\)') AS bounds
    WHERE i.inhparent = 'order_events'::regclass AND bounds IS NOT NULL
    ORDER BY 2
$$;

-- Events recorded before this moment may be dropped. In hours, because a local day may have 23 or 25.
CREATE FUNCTION order_events_kept_from(keep_days integer) RETURNS timestamptz
LANGUAGE sql STABLE RETURN now() - make_interval(hours => 24 * keep_days);

-- Whether the reader's cursor is valid here. After a restore or a failover it is not, and the reader starts again from scratch.
CREATE FUNCTION reader_is_of_our_past(reader readers) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT reader.system_identifier = present.system_identifier
        AND reader.timeline = ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int
        AND pg_snapshot_xmax(reader.snapshot) <= pg_snapshot_xmax(pg_current_snapshot())
    FROM pg_control_system() AS present
$$;

-- Why events of `part` may be unread, in words; NULL when every reader has read all of them. Two index scans per reader.
CREATE FUNCTION order_events_needed(part regclass) RETURNS text
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    reader record;
    unread boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM readers) THEN
        RETURN 'nothing was ever read: no reader has saved a cursor';
    END IF;
    FOR reader IN SELECT r.name, r.snapshot, reader_is_of_our_past(r) AS is_of_our_past FROM readers r ORDER BY r.name LOOP
        IF NOT reader.is_of_our_past THEN
            RETURN format('the cursor of %s is of another cluster or timeline; it begins anew at its next run', reader.name);
        END IF;
        -- NOT pg_visible_in_snapshot(xid, snapshot), and not ahead of the present, in a form that the index serves.
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM %1$s WHERE xid >= pg_snapshot_xmax($1) AND xid < pg_snapshot_xmax(pg_current_snapshot()))'
            '    OR EXISTS (SELECT FROM %1$s WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip($1))))', part)
            INTO unread USING reader.snapshot;
        IF unread THEN
            RETURN format('%s has not read all of it', reader.name);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

-- Drops one old partition, in a transaction of its own. Returns NULL when it is dropped, else why it stays.
CREATE FUNCTION order_events_drop_partition(part regclass, keep_days integer) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    old_part constant regclass := part;
    needed text;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'the transaction is %, whose snapshot is older than the lock and cannot see the last commits: '
            'drop a partition under READ COMMITTED', upper(current_setting('transaction_isolation'));
    END IF;
    IF NOT EXISTS (
        SELECT FROM order_events_partitions() p WHERE p.part = old_part AND p.ends <= order_events_kept_from(keep_days)
    ) THEN
        RAISE EXCEPTION '% is no partition of order_events that lies wholly before the last % days', old_part, keep_days;
    END IF;
    PERFORM set_config('lock_timeout', '1s', true);
    needed := order_events_needed(old_part);
    IF needed IS NOT NULL THEN
        RETURN needed;
    END IF;
    LOCK TABLE ONLY order_events IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE NOWAIT', old_part);
    LOCK TABLE order_events_default IN ACCESS EXCLUSIVE MODE NOWAIT;
    needed := order_events_needed(old_part);  -- sees all commits: the writers have ended
    IF needed IS NULL THEN
        EXECUTE format('DROP TABLE %s', old_part);
    END IF;
    RETURN needed;
END $$;

-- Deletes at most `most` old rows that every reader has read from the default partition; returns their number.
CREATE FUNCTION order_events_delete_old(keep_days integer, most integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    deleted integer;
BEGIN
    IF (SELECT bool_and(reader_is_of_our_past(r)) FROM readers r) IS NOT TRUE THEN  -- NULL: no reader
        RETURN 0;
    END IF;
    DELETE FROM order_events_default WHERE ctid = ANY (ARRAY(
        SELECT e.ctid FROM order_events_default e
        WHERE e.recorded_at < order_events_kept_from(keep_days)
            AND (e.xid >= pg_snapshot_xmax(pg_current_snapshot())
                 OR NOT EXISTS (SELECT FROM readers r WHERE NOT pg_visible_in_snapshot(e.xid, r.snapshot)))
        ORDER BY e.id LIMIT most));
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END $$;
