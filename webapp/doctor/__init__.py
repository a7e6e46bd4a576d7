"""`flask doctor` checks the whole chain from the triggers to Redis, one file per check. `/readyz` is in `readiness`."""
