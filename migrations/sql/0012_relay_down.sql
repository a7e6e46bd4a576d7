-- What was acknowledged, refused and delivered is forgotten. The cursors go too: otherwise retention would wait for them.
DELETE FROM outbox_readers WHERE name LIKE 'relay %';
DROP TABLE webhook_attempts, webhook_deliveries, relay_audit, relay_replays, relay_held_events, relay_receipts,
    relay_destinations;
