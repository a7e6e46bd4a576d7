DROP FUNCTION order_events_delete_old(integer, integer);
DROP FUNCTION order_events_drop_partition(regclass, integer);
DROP FUNCTION order_events_needed(regclass);
DROP FUNCTION reader_is_of_our_past(readers);
DROP FUNCTION order_events_kept_from(integer);
DROP FUNCTION order_events_partitions();
