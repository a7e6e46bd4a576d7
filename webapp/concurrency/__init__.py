"""Tools for many requests at once: back-off, batches, limits, requests to stop."""
