CREATE INDEX ix_orders_owner ON orders (tenant_id, owner_id);
COMMENT ON INDEX ix_orders_owner IS
    'the foreign key to users: whether a user who is deleted owns orders';
DROP INDEX ix_orders_owner_status, ix_orders_status, ix_orders_search;
DROP FUNCTION order_search(bigint, text, text, timestamptz, bigint, integer, integer, integer);
DROP FUNCTION order_search_terms(bigint, timestamptz, bigint, text, text);
DROP FUNCTION order_search_period(timestamptz);
DROP FUNCTION order_search_words(text, text);
DROP FUNCTION order_search_fold(text);
