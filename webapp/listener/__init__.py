"""The listener: one process reads the outbox and publishes signals, others stand by."""
