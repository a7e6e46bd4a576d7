"""Senders: one module per kind of broker, each with the same three methods (base.py)."""
