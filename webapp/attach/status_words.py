"""The stages of an order, and the words of a status column that name them in most programs."""

from __future__ import annotations

PLACED, PAID, SHIPPED, REFUNDED, CANCELLED = "placed", "paid", "shipped", "refunded", "cancelled"
# A row that is not an order, such as a draft. The board does not show it.
IGNORED = "ignored"
STAGES = (PLACED, PAID, SHIPPED, REFUNDED, CANCELLED, IGNORED)

# A word that means different stages in different programs, such as "processing" or "closed", is not here: the person who
# attaches the table decides.
KNOWN = {
    **dict.fromkeys(("placed", "new", "open", "pending", "created", "received", "unpaid", "confirmed", "awaiting payment",
                     "pending payment", "on-hold", "on hold", "draft order"), PLACED),
    **dict.fromkeys(("paid", "completed", "complete", "captured", "succeeded", "payment received"), PAID),
    **dict.fromkeys(("shipped", "fulfilled", "delivered", "dispatched", "sent"), SHIPPED),
    **dict.fromkeys(("refunded", "returned", "charged back"), REFUNDED),
    **dict.fromkeys(("cancelled", "canceled", "void", "voided", "failed", "rejected", "expired"), CANCELLED),
    **dict.fromkeys(("draft", "cart", "checkout-draft", "abandoned", "quote", "quotation", "trash", "deleted"), IGNORED),
}  # fmt: skip


def folded(word: str) -> str:
    """The word as mappings have it: case, blanks at the ends and underscores do not matter (mapped_sql.py)."""
    return word.replace("_", " ").strip(" ").lower()
