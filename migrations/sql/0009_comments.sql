-- The purpose of each function and the query that needs each index, as \df+ and \di+ in psql show them.
COMMENT ON FUNCTION doorbell_actor() IS
    'The user id in doorbell.actor. NULL for anything but a number, so that a mistyped setting fails no order.';
COMMENT ON FUNCTION order_differences(jsonb, jsonb) IS
    'The values of the first row that the second row does not have, in the columns that an edit concerns.';
COMMENT ON FUNCTION orders_inserted() IS
    'Writes the events of inserted orders.';
COMMENT ON FUNCTION orders_updated() IS
    'Writes the events of updated orders.';
COMMENT ON FUNCTION orders_deleted() IS
    'Writes a deleted event per deleted order.';
COMMENT ON FUNCTION orders_truncated() IS
    'Writes a deleted event per order before TRUNCATE.';
COMMENT ON FUNCTION order_events_inserted() IS
    'Writes notifications. Rings once per tenant and transaction, unless quiet mode is on.';
COMMENT ON FUNCTION users_updated() IS
    'Ends a user''s sessions when the password or the role changes or the user is disabled.';
COMMENT ON FUNCTION order_events_make_partitions(integer) IS
    'Creates the partitions of this month and the next months.';
COMMENT ON FUNCTION order_events_partitions() IS
    'The partitions with both bounds, oldest first. order_events_default is not among them.';
COMMENT ON FUNCTION retention_cutoff(integer) IS
    'Events recorded before this moment may be dropped. In hours, because a local day may have 23 or 25.';
COMMENT ON FUNCTION outbox_reader_is_valid(outbox_readers) IS
    'Whether the reader''s cursor is of this cluster and timeline, and not ahead of the present.';
COMMENT ON FUNCTION order_events_unread_reason(regclass) IS
    'Why events of the partition may be unread; NULL when every reader has read all of them.';
COMMENT ON FUNCTION order_events_drop_partition(regclass, integer) IS
    'Drops an old partition. Returns NULL when it is dropped, else why it stays.';
COMMENT ON FUNCTION order_events_delete_old(integer, integer) IS
    'Deletes old rows from order_events_default that every reader has read. Returns their number.';
COMMENT ON FUNCTION order_search_fold(text) IS
    'Lower case without accents.';
COMMENT ON FUNCTION order_search_words(text, text) IS
    'The words of an order: n with the number, w with each word of the customer.';
COMMENT ON FUNCTION order_search_period(timestamptz) IS
    'The number of the four weeks since 1900 in which an order was placed, in UTC.';
COMMENT ON FUNCTION order_search_terms(bigint, timestamptz, bigint, text, text) IS
    'The terms of an order in ix_orders_search, each with the tenant and the period as a prefix.';
COMMENT ON FUNCTION order_search(bigint, text, text, timestamptz, bigint, integer, integer, integer) IS
    'The newest orders of a tenant that match, and where a search that took too long can go on.';

COMMENT ON INDEX ix_order_events_xid IS
    'webapp/outbox/drain.py and webapp/rollups/refresh.py: events committed since the cursor; order_events_unread_reason(): whether a month may be dropped';
COMMENT ON INDEX ix_order_events_refunds IS
    'webapp/queries/revenue.py, webapp/queries/revenue_by_hour.py, webapp/queries/salespeople.py, webapp/rollups/refresh.py: refunds made in a period';
COMMENT ON INDEX ix_orders_recent IS
    'webapp/queries/recent_orders.py, webapp/queries/orders_today.py, webapp/queries/order_search.py, webapp/rollups/refresh.py: orders placed in a period, newest first';
COMMENT ON INDEX ix_orders_paid IS
    'webapp/queries/revenue.py, webapp/queries/revenue_by_hour.py, webapp/queries/average_order.py, webapp/queries/salespeople.py, webapp/rollups/refresh.py: orders paid in a period';
COMMENT ON INDEX ix_orders_refunded IS
    'webapp/orders/missing_refunds.py: refunds without an event';
COMMENT ON INDEX ix_orders_owner_status IS
    'webapp/queries/order_search.py: orders of a salesperson, newest first; the foreign key to users: whether a deleted user owns orders';
COMMENT ON INDEX ix_notifications_unread IS
    'webapp/queries/inbox.py: the number of unread notifications';
COMMENT ON INDEX ix_notifications_order IS
    'the foreign key to orders: the notifications of a deleted order';
COMMENT ON INDEX ix_users_sessions_from IS
    'webapp/streams/revocation.py: users with recently ended sessions';
COMMENT ON INDEX ix_ended_sessions_ended_at IS
    'webapp/streams/revocation.py: recently ended sessions';
