-- The names of 0008. The files of 0006 give the functions their bodies, rights and search_path of then.
DROP FUNCTION order_events_delete_old(integer, integer);
ALTER FUNCTION order_events_unread_reason(regclass) RENAME TO order_events_needed;
ALTER FUNCTION outbox_reader_is_valid(outbox_readers) RENAME TO reader_is_of_our_past;
ALTER FUNCTION retention_cutoff(integer) RENAME TO order_events_kept_from;

ALTER INDEX uq_orders_idempotency_key RENAME TO uq_orders_form_token;
ALTER TABLE orders RENAME COLUMN idempotency_key TO form_token;
ALTER TABLE outbox_readers RENAME CONSTRAINT pk_outbox_readers TO pk_readers;
ALTER TABLE outbox_readers RENAME TO readers;
DO $$
DECLARE
    not_null record;
BEGIN
    FOR not_null IN
        SELECT conname AS name FROM pg_catalog.pg_constraint
        WHERE conrelid = 'readers'::regclass::oid AND contype = 'n' AND conname LIKE 'outbox^_readers^_%' ESCAPE '^'
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE readers RENAME CONSTRAINT %I TO %I',
                                  not_null.name, pg_catalog.substr(not_null.name, 8));
    END LOOP;
END $$;
