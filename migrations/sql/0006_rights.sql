-- PUBLIC, that is every role that may connect, loses all rights here.
--
-- "Our schema" is the schema of the tables. A function with a SQL body (RETURN …) was bound when it was created; the others
-- resolve names when they run, so their search_path is pinned.
-- A migration that adds a function revokes EXECUTE from PUBLIC too: tests/postgres/test_privileges.py checks all functions.
DO $$
DECLARE
    our_schema name;
    our_function record;
BEGIN
    SELECT n.nspname INTO our_schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = 'orders'::regclass::oid;

    FOR our_function IN
        SELECT p.oid::regprocedure AS signature, p.prosqlbody IS NULL AS looks_names_up
        FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = our_schema AND p.proname IN (
            'doorbell_actor', 'order_differences', 'orders_inserted', 'orders_updated', 'orders_deleted',
            'orders_truncated', 'order_events_inserted', 'order_events_make_partitions', 'order_events_partitions',
            'order_events_kept_from', 'reader_is_of_our_past', 'order_events_needed', 'order_events_drop_partition',
            'order_events_delete_old')
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', our_function.signature);
        IF our_function.looks_names_up THEN
            EXECUTE pg_catalog.format(
                'ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', our_function.signature, our_schema);
        END IF;
    END LOOP;

    -- On PostgreSQL 14, and in a cluster upgraded from it, every role may create in schema public, which belongs to the
    -- bootstrap superuser. Where our role may not revoke that, `flask doctor` shows the statement.
    IF pg_catalog.pg_has_role(
        (SELECT nspowner FROM pg_catalog.pg_namespace WHERE nspname = our_schema), 'USAGE') THEN
        EXECUTE pg_catalog.format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', our_schema);
    END IF;
END $$;
