-- orders.refunded_at: the time of the last refund, where the writer sets it. It dates the refund's event, so that a row that
-- is deleted and inserted again keeps the date of its refund.
ALTER TABLE orders
    ADD COLUMN refunded_at timestamptz,
    ADD CONSTRAINT ck_orders_refunded_at CHECK (refunded_at BETWEEN '1900-01-01' AND '9000-01-01'),
    ADD CONSTRAINT ck_orders_customer_length CHECK (length(customer) <= 500),
    ADD CONSTRAINT ck_orders_source_length CHECK (length(source) <= 100);
ALTER TABLE order_lines
    ADD CONSTRAINT ck_order_lines_sku_length CHECK (length(sku) <= 500),
    ADD CONSTRAINT ck_order_lines_product_length CHECK (length(product) <= 500);
ALTER TABLE users
    ADD CONSTRAINT ck_users_email_length CHECK (length(email) <= 320),
    ADD CONSTRAINT ck_users_name_length CHECK (length(name) <= 500),
    ADD CONSTRAINT ck_users_password_hash_length CHECK (length(password_hash) <= 500);
ALTER TABLE tenants
    ADD CONSTRAINT ck_tenants_name_length CHECK (length(name) <= 500),
    ADD CONSTRAINT ck_tenants_timezone_length CHECK (length(timezone) <= 100),
    ADD CONSTRAINT ck_tenants_locale_length CHECK (length(locale) <= 100);

-- The few refunded orders, which webapp/orders/missing_refunds.py compares with their events.
CREATE INDEX ix_orders_refunded ON orders (tenant_id, id) INCLUDE (refunded_minor) WHERE refunded_minor > 0;
COMMENT ON INDEX ix_orders_refunded IS 'webapp/orders/missing_refunds.py: refunds that no event tells of';

-- written_by: the role that was signed in, which no writer can choose. It is null for earlier events.
-- claimed_actor_id: the user that a program other than Doorbell set in doorbell.actor.
ALTER TABLE order_events ADD COLUMN claimed_actor_id bigint, ADD COLUMN written_by text;
ALTER TABLE order_events ALTER COLUMN written_by SET DEFAULT session_user;
