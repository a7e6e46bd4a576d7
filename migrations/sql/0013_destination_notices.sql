-- A notification concerns an order, by one of its events, or a webhook that was disabled. `error` is its last error.
-- `destination` is its name, which stays when it is removed. destination_id has no foreign key: PostgreSQL would check it for
-- each notification of an order too, which writers would feel.
ALTER TABLE notifications
    ALTER COLUMN order_id DROP NOT NULL,
    ALTER COLUMN event_id DROP NOT NULL,
    ADD COLUMN destination_id bigint,
    ADD COLUMN destination text,
    ADD COLUMN error text,
    ADD CONSTRAINT ck_notifications_subject CHECK (CASE WHEN destination_id IS NULL
        THEN num_nonnulls(order_id, event_id) = 2 AND num_nonnulls(destination, error) = 0
        ELSE num_nonnulls(order_id, event_id) = 0 AND destination IS NOT NULL END);
