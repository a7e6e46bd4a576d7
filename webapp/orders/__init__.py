"""Orders: their rules, and the only Python that writes them."""

from .verbs import cancel, correct_payment, correct_shipment, pay, place, reassign, refund, ship

__all__ = ["cancel", "correct_payment", "correct_shipment", "pay", "place", "reassign", "refund", "ship"]
