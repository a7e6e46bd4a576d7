DROP INDEX ix_orders_source_total;
DROP INDEX ix_orders_cancelled;
DROP INDEX ix_orders_shipped;
