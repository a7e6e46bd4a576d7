"""`flask doctor`: the whole chain from the trigger to Redis, looked at link by link. One file a check."""
