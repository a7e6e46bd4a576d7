-- Without fastupdate: the list of new entries that it keeps would be put in order by one unlucky writer in a thousand, and read
-- by every search.
--
-- With ten million orders the three take minutes, in which orders can be read but not written. Where that is too long, make
-- them before (docs/operations.md, "Upgrading a database with many orders"): what is there already is not made again.
CREATE INDEX IF NOT EXISTS ix_orders_search ON orders
    USING gin (order_search_terms(tenant_id, placed_at, owner_id, number, customer)) WITH (fastupdate = off);
CREATE INDEX IF NOT EXISTS ix_orders_status ON orders (tenant_id, status, placed_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS ix_orders_owner_status ON orders (tenant_id, owner_id, status, placed_at DESC, id DESC);
DROP INDEX ix_orders_owner;  -- whose columns the last one begins with

COMMENT ON INDEX ix_orders_search IS
    'webapp/queries/order_search.py: words of the customer, the number and the owner, through order_search()';
COMMENT ON INDEX ix_orders_status IS
    'webapp/queries/order_search.py: orders of a status, newest first';
COMMENT ON INDEX ix_orders_owner_status IS
    'webapp/queries/order_search.py: orders of a salesperson, newest first; the foreign key to users: whether a user who is deleted owns orders';
