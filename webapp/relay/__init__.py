"""The relay: sends the events of the outbox to brokers and webhooks, at least once and in order per order."""
