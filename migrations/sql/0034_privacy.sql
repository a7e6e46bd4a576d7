-- Export and erasure of a person or a customer, retention of orders, deletion of a tenant (docs/privacy.md).
--
-- orders_updated() and orders_deleted() are as in 0022_comments_and_corrections.sql and 0009_functions.sql but for this: with
-- doorbell.events = off in a session of Doorbell's own role, they write no event.
CREATE OR REPLACE FUNCTION orders_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET jit = off
    -- The session keeps the plan, and a plan made for a single row must not loop over the rows of a bulk update.
    SET enable_nestloop = off
AS $$
DECLARE
    actor constant bigint := doorbell_actor();
    actor_is_trusted constant boolean := pg_catalog.pg_has_role(session_user, current_user, 'MEMBER');
    reason constant text := nullif(pg_catalog.left(pg_catalog.current_setting('doorbell.reason', true), 200), '');
BEGIN
    IF TG_RELID <> 'orders'::regclass::oid OR TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'orders_updated() is for UPDATE on orders, not for % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    IF EXISTS (
        SELECT FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id AND o.tenant_id = n.tenant_id WHERE o.id IS NULL
    ) THEN
        RAISE EXCEPTION 'the id and tenant_id of an order cannot change: delete the order and insert it again';
    END IF;

    -- An erased name and an order that is removed by its age are no news (webapp/privacy/). Other roles cannot set this.
    IF actor_is_trusted AND pg_catalog.current_setting('doorbell.events', true) = 'off' THEN
        RETURN NULL;
    END IF;
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, claimed_actor_id, via, written_by,
                              amount_minor, old_values, new_values, occurred_at)
    SELECT n.tenant_id, n.id, event.type, n.owner_id,
           CASE WHEN actor_is_trusted THEN actor END, CASE WHEN NOT actor_is_trusted THEN actor END,
           pg_catalog.current_setting('application_name'), session_user, event.amount_minor,
           CASE event.type
               WHEN 'refunded' THEN pg_catalog.jsonb_build_object('status', o.status, 'refunded_minor', o.refunded_minor)
               WHEN 'reassigned' THEN pg_catalog.jsonb_build_object('owner_id', o.owner_id)
               WHEN 'edited' THEN order_differences(pg_catalog.to_jsonb(o), pg_catalog.to_jsonb(n))
               WHEN 'payment_corrected' THEN pg_catalog.jsonb_build_object('status', o.status, 'paid_at', o.paid_at)
               WHEN 'shipment_corrected' THEN pg_catalog.jsonb_build_object('status', o.status, 'shipped_at', o.shipped_at)
               ELSE pg_catalog.jsonb_build_object('status', o.status)
           END,
           CASE event.type
               WHEN 'refunded' THEN pg_catalog.jsonb_build_object('status', n.status, 'refunded_minor', n.refunded_minor)
               WHEN 'reassigned' THEN pg_catalog.jsonb_build_object('owner_id', n.owner_id)
               WHEN 'edited' THEN order_differences(pg_catalog.to_jsonb(n), pg_catalog.to_jsonb(o))
               WHEN 'payment_corrected' THEN pg_catalog.jsonb_build_object(
                   'status', n.status, 'paid_at', NULL, 'reason', reason)
               WHEN 'shipment_corrected' THEN pg_catalog.jsonb_build_object(
                   'status', n.status, 'shipped_at', NULL, 'reason', reason)
               ELSE pg_catalog.jsonb_build_object('status', n.status)
           END,
           coalesce(event.occurred_at, pg_catalog.now())
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    CROSS JOIN LATERAL (VALUES
        ('edited',
         (o.number, o.customer, o.total_minor, o.currency::text, o.placed_at)
             IS DISTINCT FROM (n.number, n.customer, n.total_minor, n.currency::text, n.placed_at)
         OR coalesce(o.paid_at <> n.paid_at, false) OR coalesce(o.shipped_at <> n.shipped_at, false)
         OR o.cancelled_at IS NOT NULL AND o.cancelled_at IS DISTINCT FROM n.cancelled_at,
         NULL, NULL),
        ('reassigned', o.owner_id IS DISTINCT FROM n.owner_id, NULL, NULL),
        ('paid', o.paid_at IS NULL AND n.paid_at IS NOT NULL, n.paid_at, n.total_minor),
        ('shipped', o.shipped_at IS NULL AND n.shipped_at IS NOT NULL, n.shipped_at, NULL),
        -- refunded_at dates this refund only if this statement set it. Otherwise it dates an earlier refund.
        ('refunded', o.refunded_minor <> n.refunded_minor,
         CASE WHEN o.refunded_minor <> n.refunded_minor AND o.refunded_at IS DISTINCT FROM n.refunded_at
             THEN refund_moment(n.number, n.refunded_at, n.paid_at) END,
         n.refunded_minor - o.refunded_minor),
        ('payment_corrected', o.paid_at IS NOT NULL AND n.paid_at IS NULL, NULL, o.total_minor),
        ('shipment_corrected', o.shipped_at IS NOT NULL AND n.shipped_at IS NULL, NULL, NULL),
        ('cancelled', o.cancelled_at IS NULL AND n.cancelled_at IS NOT NULL, n.cancelled_at, NULL)
    ) AS event (type, applies, occurred_at, amount_minor)
    WHERE event.applies;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION orders_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET jit = off AS $$
DECLARE
    actor constant bigint := doorbell_actor();
    actor_is_trusted constant boolean := pg_catalog.pg_has_role(session_user, current_user, 'MEMBER');
BEGIN
    IF TG_RELID <> 'orders'::regclass::oid OR TG_OP <> 'DELETE' THEN
        RAISE EXCEPTION 'orders_deleted() is for DELETE on orders, not for % on %', TG_OP, TG_TABLE_NAME;
    END IF;
    -- An erased name and an order that is removed by its age are no news (webapp/privacy/). Other roles cannot set this.
    IF actor_is_trusted AND pg_catalog.current_setting('doorbell.events', true) = 'off' THEN
        RETURN NULL;
    END IF;
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, actor_id, claimed_actor_id, via, written_by,
                              old_values, occurred_at)
    SELECT o.tenant_id, o.id, 'deleted', o.owner_id,
           CASE WHEN actor_is_trusted THEN actor END, CASE WHEN NOT actor_is_trusted THEN actor END,
           pg_catalog.current_setting('application_name'), session_user,
           pg_catalog.jsonb_build_object('number', o.number, 'status', o.status, 'total_minor', o.total_minor,
                                         'placed_at', o.placed_at, 'paid_at', o.paid_at), pg_catalog.now()
    FROM old_rows o;
    RETURN NULL;
END $$;

-- CREATE OR REPLACE keeps the rights of a function, but not its settings.
DO $$
DECLARE
    our_schema name;
    name text;
BEGIN
    SELECT n.nspname INTO our_schema
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = 'orders'::regclass::oid;
    FOREACH name IN ARRAY ARRAY['orders_updated', 'orders_deleted'] LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %I() FROM PUBLIC', name);
        EXECUTE pg_catalog.format('ALTER FUNCTION %I() SET search_path = pg_catalog, %I, pg_temp', name, our_schema);
    END LOOP;
END $$;

-- `deletion_at`: the tenant is deleted then, and until then only admins sign in. Of orders_keep_months and orders_open_kept see
-- webapp/privacy/retention.py; orders_removed_before is the newest cutoff by which orders were removed.
ALTER TABLE tenants
    ADD COLUMN orders_keep_months smallint,
    ADD COLUMN orders_open_kept boolean DEFAULT true NOT NULL,
    ADD COLUMN orders_removed_before timestamptz,
    ADD COLUMN deletion_at timestamptz,
    ADD CONSTRAINT ck_tenants_orders_keep_months CHECK (orders_keep_months BETWEEN 3 AND 240);

-- The erasures of a person or a customer, and deletions of tenants. `subject`, `names` and `pattern`, which matches each text with
-- one of the names, hold the personal data until the erasure is done; then they are NULL. `xid` is the transaction of the
-- request: the erasure ends after all older ones.
CREATE TABLE privacy_jobs (
    id bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id bigint NOT NULL,
    kind text NOT NULL,
    subject text,
    names text[],
    pattern text,
    user_id bigint,
    pseudonym text NOT NULL,
    requested_by bigint,
    state text DEFAULT 'queued' NOT NULL,
    position jsonb DEFAULT '{}' NOT NULL,
    pages_done bigint DEFAULT 0 NOT NULL,
    pages_total bigint DEFAULT 0 NOT NULL,
    counts jsonb DEFAULT '{}' NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    lease_until timestamptz,
    problem text,
    xid xid8 DEFAULT pg_catalog.pg_current_xact_id() NOT NULL,
    due_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT pk_privacy_jobs PRIMARY KEY (id),
    CONSTRAINT fk_privacy_jobs_tenant_id_tenants FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
    CONSTRAINT ck_privacy_jobs_kind CHECK (kind IN ('customer', 'user', 'tenant')),
    CONSTRAINT ck_privacy_jobs_state CHECK (state IN ('waiting', 'queued', 'running', 'done', 'failed', 'cancelled'))
);
CREATE INDEX ix_privacy_jobs_tenant ON privacy_jobs (tenant_id, id);
COMMENT ON INDEX ix_privacy_jobs_tenant IS 'privacy/jobs.py: the newest jobs of a tenant; the foreign key to tenants';
CREATE INDEX ix_privacy_jobs_open ON privacy_jobs (due_at) WHERE state IN ('waiting', 'queued', 'running');
COMMENT ON INDEX ix_privacy_jobs_open IS 'privacy/jobs.py: the job that is due longest';

-- The part of the rollups whose orders were removed by their age, per quarter of an hour: a recount adds it, so the figures of
-- the past stay exact in any time zone.
CREATE TABLE rollups_removed (
    tenant_id bigint NOT NULL,
    at timestamptz NOT NULL,
    owner_id bigint NOT NULL,
    orders bigint NOT NULL,
    paid_orders bigint NOT NULL,
    revenue_minor bigint NOT NULL,
    refunded_minor bigint NOT NULL,
    CONSTRAINT pk_rollups_removed PRIMARY KEY (tenant_id, at, owner_id),
    CONSTRAINT fk_rollups_removed_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE TABLE rollups_products_removed (
    tenant_id bigint NOT NULL,
    at timestamptz NOT NULL,
    product text NOT NULL,
    orders bigint NOT NULL,
    paid_minor bigint NOT NULL,
    CONSTRAINT pk_rollups_products_removed PRIMARY KEY (tenant_id, at, product),
    CONSTRAINT fk_rollups_products_removed_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
