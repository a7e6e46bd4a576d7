-- A reader of the outbox may read a diff: the events that `target` (S2) sees and `snapshot` (S1) did not, by id, up to `last_id`.
-- Both columns are saved before the first event is handled, so a crash continues the same diff (webapp/outbox/diff.py).
ALTER TABLE outbox_readers ADD COLUMN target pg_snapshot, ADD COLUMN last_id bigint;
ALTER TABLE outbox_readers ADD CONSTRAINT ck_outbox_readers_diff CHECK ((target IS NULL) = (last_id IS NULL));

-- As in 0009_retention.sql; only a message is another, because not every reader starts again from scratch after a failover. A
-- reader in the middle of a diff has read what `snapshot` (S1) sees: the diff may still be read again from its last id.
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
                'the cursor of %s is of another cluster or timeline, until its next run', reader.name);
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

DO $$
DECLARE
    our_schema name;
BEGIN
    SELECT n.nspname INTO our_schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = 'orders'::regclass::oid;
    -- CREATE OR REPLACE keeps the rights of a function, but not its settings.
    EXECUTE pg_catalog.format(
        'ALTER FUNCTION order_events_unread_reason(regclass) SET search_path = pg_catalog, %I, pg_temp', our_schema);
END $$;

COMMENT ON INDEX ix_order_events_xid IS
    'webapp/outbox/unread.py: events committed since a cursor; order_events_unread_reason(): whether a month may be dropped';
