-- Retention: the months of order_events that lie wholly before the last RETENTION_DAYS days are dropped, never unread.
--
-- A reader has read an event when the snapshot that it saved could see the event's xid. Who commits late, after the
-- readers have passed, would be dropped unread, so the question is asked under a lock that no open writer leaves free.
-- Before that it is asked without a lock, so that a month that has to stay stops nobody, hour after hour.
--
-- Rows that a dump brought from another cluster may carry an xid that this cluster has not reached. A listener that
-- begins anew gives them the oldest id there is (webapp/outbox/cursor.py), so they count as read here already: otherwise a
-- restored table could not be dropped before. Under the lock that is certain, for a writer of this cluster has ended
-- there and its xid lies before the present.

-- The partitions with both bounds given, oldest first. Read from the catalog, not from their names: order_events_default
-- and whatever reaches to the beginning of time are not among them, and are never dropped.
CREATE FUNCTION order_events_partitions() RETURNS TABLE (part regclass, begins timestamptz, ends timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT c.oid::regclass, bounds[1]::timestamptz, bounds[2]::timestamptz
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''(.+)''\) TO \(''(.+)''\)') AS bounds
    WHERE i.inhparent = 'order_events'::regclass AND bounds IS NOT NULL
    ORDER BY 2
$$;

-- What was recorded before this moment may go. In hours, for a day of a session's zone may have 23 or 25.
CREATE FUNCTION order_events_kept_from(keep_days integer) RETURNS timestamptz
LANGUAGE sql STABLE RETURN now() - make_interval(hours => 24 * keep_days);

-- Whether what a reader saved says anything here: after a restore or a failover its snapshot does not, and it begins anew.
CREATE FUNCTION reader_is_of_our_past(reader readers) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT reader.system_identifier = present.system_identifier
        AND reader.timeline = ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int
        AND pg_snapshot_xmax(reader.snapshot) <= pg_snapshot_xmax(pg_current_snapshot())
    FROM pg_control_system() AS present
$$;

-- Who still needs events of `part`, in words; NULL when every reader has read all of them. Two index scans a reader.
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
        -- Not pg_visible_in_snapshot(xid, snapshot), and not from beyond the present: spelled so that the index serves.
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

-- Drop one old partition, in a transaction of its own. Returns NULL when it is gone, else why it was kept.
-- Raises lock_not_available when a writer or a long query is in the way for 1 s: orders queue behind the request
-- meanwhile. The locks are taken in DROP TABLE's own order, and only the first of them is waited for. (With a default
-- partition there is no DETACH CONCURRENTLY.)
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
    needed := order_events_needed(old_part);  -- who wrote into it has ended, and this statement sees what they committed
    IF needed IS NULL THEN
        EXECUTE format('DROP TABLE %s', old_part);
    END IF;
    RETURN needed;
END $$;

-- Delete at most `most` old rows that every reader has read from the default partition; returns how many. Without a lock:
-- what a writer has not committed is not seen, so not deleted.
CREATE FUNCTION order_events_delete_old(keep_days integer, most integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    deleted integer;
BEGIN
    IF (SELECT bool_and(reader_is_of_our_past(r)) FROM readers r) IS NOT TRUE THEN  -- or there is no reader
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
