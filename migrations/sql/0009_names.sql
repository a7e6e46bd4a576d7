-- Names in the field's terms: the readers of the outbox, Stripe's idempotency_key. All data stay where they are.
ALTER TABLE readers RENAME TO outbox_readers;
ALTER TABLE outbox_readers RENAME CONSTRAINT pk_readers TO pk_outbox_readers;
ALTER TABLE orders RENAME COLUMN form_token TO idempotency_key;
ALTER INDEX uq_orders_form_token RENAME TO uq_orders_idempotency_key;

-- PostgreSQL 18 names each NOT NULL after its table, or its column, and keeps the name when these are renamed.
DO $$
DECLARE
    not_null record;
BEGIN
    FOR not_null IN
        SELECT conname AS name FROM pg_catalog.pg_constraint
        WHERE conrelid = 'outbox_readers'::regclass::oid AND contype = 'n' AND conname LIKE 'readers^_%' ESCAPE '^'
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE outbox_readers RENAME CONSTRAINT %I TO %I',
                                  not_null.name, 'outbox_' || not_null.name);
    END LOOP;
END $$;

ALTER FUNCTION order_events_kept_from(integer) RENAME TO retention_cutoff;
ALTER FUNCTION reader_is_of_our_past(outbox_readers) RENAME TO outbox_reader_is_valid;
ALTER FUNCTION order_events_needed(regclass) RENAME TO order_events_unread_reason;
DROP FUNCTION order_events_delete_old(integer, integer);  -- 0009_retention.sql renames its second parameter
