-- The three indexes take some seconds per million orders, in which orders can be read but not written. Where that is too long,
-- make them before (docs/operations.md, "Upgrading a database with many orders"): what is there already is not made again.
CREATE INDEX IF NOT EXISTS ix_orders_shipped ON orders (tenant_id, shipped_at) WHERE shipped_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS ix_orders_cancelled ON orders (tenant_id, cancelled_at) WHERE cancelled_at IS NOT NULL;
-- One index for both, because each further index costs every writer. A tenant has few sources, so a search by amount alone
-- reads the amounts of each.
CREATE INDEX IF NOT EXISTS ix_orders_source_total ON orders (tenant_id, source, total_minor);

COMMENT ON INDEX ix_orders_shipped IS
    'webapp/queries/order_walk.py: orders shipped in a time';
COMMENT ON INDEX ix_orders_cancelled IS
    'webapp/queries/order_walk.py: orders cancelled in a time';
COMMENT ON INDEX ix_orders_source_total IS
    'webapp/queries/order_walk.py: the few orders of a source or an amount; webapp/queries/order_sources.py: the sources of a tenant';
