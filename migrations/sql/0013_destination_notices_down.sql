-- The notifications of disabled webhooks are forgotten: their rows have no order.
DELETE FROM notifications WHERE destination_id IS NOT NULL;
ALTER TABLE notifications
    DROP CONSTRAINT ck_notifications_subject,
    DROP COLUMN error,
    DROP COLUMN destination,
    DROP COLUMN destination_id,
    ALTER COLUMN event_id SET NOT NULL,
    ALTER COLUMN order_id SET NOT NULL;
