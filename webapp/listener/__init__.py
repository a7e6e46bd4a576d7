"""The listener: one process reads the outbox and publishes signals, and others stand by."""
