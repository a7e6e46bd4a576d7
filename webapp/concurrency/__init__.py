"""Tools for concurrent work: back-off, batched loads, limits, and a signal to stop."""
