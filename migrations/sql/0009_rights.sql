-- As 0006_rights.sql: PUBLIC may execute none of these functions, and they look names up in a pinned search_path.
-- CREATE OR REPLACE keeps the rights of a function, but not its settings.
DO $$
DECLARE
    our_schema name;
    signature regprocedure;
BEGIN
    SELECT n.nspname INTO our_schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = 'orders'::regclass::oid;

    FOR signature IN
        SELECT p.oid::regprocedure
        FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = our_schema AND p.proname IN (
            'orders_inserted', 'orders_updated', 'orders_deleted', 'orders_truncated', 'order_events_inserted',
            'order_events_make_partitions', 'outbox_reader_is_valid', 'order_events_unread_reason',
            'order_events_drop_partition', 'order_events_delete_old')
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
        EXECUTE pg_catalog.format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', signature, our_schema);
    END LOOP;
END $$;
