"""Orders: their rules, and the only Python that writes them."""

from .verbs import cancel, pay, place, reassign, refund, ship

__all__ = ["cancel", "pay", "place", "reassign", "refund", "ship"]
