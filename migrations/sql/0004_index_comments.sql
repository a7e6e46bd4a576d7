-- The query that needs each index, as \d+ and \di+ in psql show it. 0009_comments.sql has the present texts.
COMMENT ON INDEX ix_order_events_xid IS
    'webapp/outbox/drain.py and webapp/rollups/refresh.py: what was committed since the cursor; order_events_needed(): may a month go';
COMMENT ON INDEX ix_order_events_order IS
    'webapp/queries/order_page.py: an order''s history; webapp/queries/recent_orders.py: its last event; webapp/rollups/refresh.py: its refunds';
COMMENT ON INDEX ix_order_events_refunds IS
    'webapp/queries/revenue.py, webapp/queries/revenue_by_hour.py, webapp/queries/salespeople.py, webapp/rollups/refresh.py: refunds made in a time';

COMMENT ON INDEX ix_orders_recent IS
    'webapp/queries/recent_orders.py, webapp/queries/orders_today.py, webapp/queries/order_search.py, webapp/rollups/refresh.py: orders placed in a time, newest first';
COMMENT ON INDEX ix_orders_paid IS
    'webapp/queries/revenue.py, webapp/queries/revenue_by_hour.py, webapp/queries/average_order.py, webapp/queries/salespeople.py, webapp/rollups/refresh.py: orders paid in a time';
COMMENT ON INDEX ix_orders_owner IS
    'the foreign key to users: whether a user who is deleted owns orders';
COMMENT ON INDEX uq_orders_form_token IS
    'webapp/orders/verbs.py: a form that is sent twice places one order';

COMMENT ON INDEX ix_notifications_inbox IS
    'webapp/queries/inbox.py: a user''s list, newest first';
COMMENT ON INDEX ix_notifications_unread IS
    'webapp/queries/inbox.py: the number on the bell';
COMMENT ON INDEX ix_notifications_order IS
    'the foreign key to orders: the notes of an order that is deleted';
