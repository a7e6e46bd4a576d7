-- order_search() is for Doorbell's own role. The pure functions stay open to PUBLIC, because each role that writes orders runs
-- them. Both that are in PL/pgSQL look names up in our schema alone: a writer's search_path, a restored dump's or that of
-- REINDEX must not lead elsewhere.
DO $$
DECLARE
    our_schema name;
    signature text;
BEGIN
    SELECT n.nspname INTO our_schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = 'orders'::regclass::oid;
    REVOKE ALL ON FUNCTION order_search(bigint, text, text, timestamptz, bigint, integer, integer, integer) FROM PUBLIC;
    FOREACH signature IN ARRAY ARRAY[
        'order_search(bigint, text, text, timestamptz, bigint, integer, integer, integer)',
        'order_search_terms(bigint, timestamptz, bigint, text, text)'] LOOP
        EXECUTE pg_catalog.format(
            'ALTER FUNCTION %I.%s SET search_path = pg_catalog, %I, pg_temp', our_schema, signature, our_schema);
    END LOOP;
END $$;
