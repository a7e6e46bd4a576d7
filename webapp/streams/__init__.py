"""Streams: the open pages of a web process, and how signals reach them as server-sent events."""
