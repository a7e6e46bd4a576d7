"""The outbox: reads the events that were committed since the cursor."""
