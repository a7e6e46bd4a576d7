-- Attached tables: a company's own table of orders, whose rows triggers copy into `orders` (webapp/attach/).
--
-- `external_id` is the row's primary key as text. An order is found by its source and this key, so two sources may have rows
-- with the same key. Numbers stay unique per tenant across all sources.
ALTER TABLE orders ADD COLUMN external_id varchar(200);
CREATE UNIQUE INDEX uq_orders_external_id ON orders (source, external_id, tenant_id) WHERE external_id IS NOT NULL;

CREATE TABLE attachments (
    id bigint GENERATED ALWAYS AS IDENTITY,
    name varchar(100) NOT NULL,
    relation regclass NOT NULL,
    tenant_id bigint,
    mapping jsonb NOT NULL,
    is_replica boolean DEFAULT false NOT NULL,
    state text DEFAULT 'backfilling' NOT NULL,
    last_key text[],
    rows_done bigint DEFAULT 0 NOT NULL,
    rows_total bigint DEFAULT 0 NOT NULL,
    -- Transactions that are not younger may have a snapshot from before the last rows of the backfill.
    fence xid8,
    created_by text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    backfilled_at timestamptz,
    check_requested_at timestamptz,
    checked_at timestamptz,
    missing bigint DEFAULT 0 NOT NULL,
    stale bigint DEFAULT 0 NOT NULL,
    ghosts bigint DEFAULT 0 NOT NULL,
    fault text,
    CONSTRAINT pk_attachments PRIMARY KEY (id),
    CONSTRAINT uq_attachments_name UNIQUE (name),
    CONSTRAINT uq_attachments_relation UNIQUE (relation),
    CONSTRAINT ck_attachments_state CHECK (state IN ('backfilling', 'live'))
);

-- No foreign key to attachments: the write of a company's program must not wait for a row of Doorbell.
CREATE TABLE attach_problems (
    id bigint GENERATED ALWAYS AS IDENTITY,
    attachment_id bigint NOT NULL,
    external_id text,
    code text NOT NULL,
    reason text NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_attach_problems PRIMARY KEY (id)
);
CREATE UNIQUE INDEX uq_attach_problems_row ON attach_problems (attachment_id, external_id);

CREATE FUNCTION attach_problem(of_attachment bigint, key text, state text, why text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    -- A dropped column fails every row. A table of problems as large as the company's table helps no reader.
    most constant integer := 10000;
BEGIN
    UPDATE attach_problems SET code = state, reason = pg_catalog.left(why, 500), at = pg_catalog.clock_timestamp()
    WHERE attachment_id = of_attachment AND external_id = key;
    -- One row per code stands for all statements whose rows are not listed. Its lock would make their writers wait.
    IF FOUND OR key IS NULL AND EXISTS (
        SELECT FROM attach_problems p
        WHERE p.attachment_id = of_attachment AND p.external_id IS NULL AND p.code = state)
    OR (SELECT pg_catalog.count(*) >= most FROM (
        SELECT FROM attach_problems p WHERE p.attachment_id = of_attachment LIMIT most) AS kept)
    THEN
        RETURN;
    END IF;
    INSERT INTO attach_problems (attachment_id, external_id, code, reason)
    VALUES (of_attachment, key, state, pg_catalog.left(why, 500))
    ON CONFLICT (attachment_id, external_id) DO NOTHING;
EXCEPTION
    WHEN serialization_failure OR deadlock_detected THEN
        RAISE;
    WHEN OTHERS THEN
        RAISE WARNING 'Doorbell cannot record a problem of attachment %: %', of_attachment, SQLERRM;
END $$;

COMMENT ON INDEX uq_orders_external_id IS 'webapp/attach/mapped_sql.py: the order of a row of an attached table';
COMMENT ON INDEX uq_attach_problems_row IS 'attach_problem(): one problem per row';
COMMENT ON FUNCTION attach_problem(bigint, text, text, text) IS
    'Records why a row of an attached table has no order, or an old one. Fails no writer.';

-- As 0009_rights.sql: PUBLIC may not execute it, and it looks names up in a pinned search_path.
DO $$
DECLARE
    our_schema name;
BEGIN
    SELECT n.nspname INTO our_schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = 'orders'::regclass::oid;
    REVOKE ALL ON FUNCTION attach_problem(bigint, text, text, text) FROM PUBLIC;
    EXECUTE pg_catalog.format(
        'ALTER FUNCTION attach_problem(bigint, text, text, text) SET search_path = pg_catalog, %I, pg_temp', our_schema);
END $$;
