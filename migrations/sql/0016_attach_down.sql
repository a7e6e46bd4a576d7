-- An attached table would call functions that write a column which is gone: detach all of them first.
DO $$
BEGIN
    IF EXISTS (SELECT FROM attachments) THEN
        RAISE EXCEPTION 'tables are attached (%): detach them first with flask orders detach',
            (SELECT pg_catalog.string_agg(name, ', ' ORDER BY name) FROM attachments);
    END IF;
END $$;
DROP FUNCTION attach_problem(bigint, text, text, text);
DROP TABLE attach_problems;
DROP TABLE attachments;
DROP INDEX uq_orders_external_id;
ALTER TABLE orders DROP COLUMN external_id;
