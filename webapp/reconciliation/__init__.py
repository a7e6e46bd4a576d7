"""Orders that their events do not explain: found in chunks, and repaired by writing the missing events."""
