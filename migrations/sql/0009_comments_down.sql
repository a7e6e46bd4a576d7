-- The comments of 0008: its functions have none.
COMMENT ON FUNCTION doorbell_actor() IS NULL;
COMMENT ON FUNCTION order_differences(jsonb, jsonb) IS NULL;
COMMENT ON FUNCTION orders_inserted() IS NULL;
COMMENT ON FUNCTION orders_updated() IS NULL;
COMMENT ON FUNCTION orders_deleted() IS NULL;
COMMENT ON FUNCTION orders_truncated() IS NULL;
COMMENT ON FUNCTION order_events_inserted() IS NULL;
COMMENT ON FUNCTION users_updated() IS NULL;
COMMENT ON FUNCTION order_events_make_partitions(integer) IS NULL;
COMMENT ON FUNCTION order_events_partitions() IS NULL;
COMMENT ON FUNCTION retention_cutoff(integer) IS NULL;
COMMENT ON FUNCTION outbox_reader_is_valid(outbox_readers) IS NULL;
COMMENT ON FUNCTION order_events_unread_reason(regclass) IS NULL;
COMMENT ON FUNCTION order_events_drop_partition(regclass, integer) IS NULL;
COMMENT ON FUNCTION order_events_delete_old(integer, integer) IS NULL;
COMMENT ON FUNCTION order_search_fold(text) IS NULL;
COMMENT ON FUNCTION order_search_words(text, text) IS NULL;
COMMENT ON FUNCTION order_search_period(timestamptz) IS NULL;
COMMENT ON FUNCTION order_search_terms(bigint, timestamptz, bigint, text, text) IS NULL;
COMMENT ON FUNCTION order_search(bigint, text, text, timestamptz, bigint, integer, integer, integer) IS NULL;

COMMENT ON INDEX ix_order_events_xid IS
    'webapp/outbox/drain.py and webapp/rollups/refresh.py: what was committed since the cursor; order_events_needed(): may a month go';
COMMENT ON INDEX ix_order_events_refunds IS
    'webapp/queries/revenue.py, webapp/queries/revenue_by_hour.py, webapp/queries/salespeople.py, webapp/rollups/refresh.py: refunds made in a time';
COMMENT ON INDEX ix_orders_recent IS
    'webapp/queries/recent_orders.py, webapp/queries/orders_today.py, webapp/queries/order_search.py, webapp/rollups/refresh.py: orders placed in a time, newest first';
COMMENT ON INDEX ix_orders_paid IS
    'webapp/queries/revenue.py, webapp/queries/revenue_by_hour.py, webapp/queries/average_order.py, webapp/queries/salespeople.py, webapp/rollups/refresh.py: orders paid in a time';
COMMENT ON INDEX ix_orders_refunded IS
    'webapp/orders/missing_refunds.py: refunds that no event tells of';
COMMENT ON INDEX ix_orders_owner_status IS
    'webapp/queries/order_search.py: orders of a salesperson, newest first; the foreign key to users: whether a user who is deleted owns orders';
COMMENT ON INDEX ix_notifications_unread IS
    'webapp/queries/inbox.py: the number on the bell';
COMMENT ON INDEX ix_notifications_order IS
    'the foreign key to orders: the notes of an order that is deleted';
COMMENT ON INDEX ix_users_sessions_from IS
    'webapp/streams/revocation.py: users whose sessions ended lately';
COMMENT ON INDEX ix_ended_sessions_ended_at IS
    'webapp/streams/revocation.py: sessions that were signed out lately';
