"""The stages of an order, and the words of a status that name them: those of imported files, and a few of tables alone."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..order_import.formats.generic import status_words
from ..order_import.statuses import ORDER_WORDS, WORDPRESS_PREFIX, Meaning

PLACED, PAID, SHIPPED, REFUNDED, CANCELLED = "placed", "paid", "shipped", "refunded", "cancelled"
# A row that is not an order, such as a draft. The board does not show it.
IGNORED = "ignored"
STAGES = (PLACED, PAID, SHIPPED, REFUNDED, CANCELLED, IGNORED)

# "shipped" means paid too, unless the table has the time of the payment.
_STAGE_OF = {
    Meaning.PLACED: PLACED,
    Meaning.UNSHIPPED: PLACED,
    Meaning.PAID: PAID,
    Meaning.SHIPPED: SHIPPED,
    Meaning.PAID_AND_SHIPPED: SHIPPED,
    Meaning.REFUNDED: REFUNDED,
    Meaning.CANCELLED: CANCELLED,
    Meaning.NO_ORDER: IGNORED,
}
# Words of tables that exports do not have. A word that means different stages in different programs, such as "processing" or
# "closed", is in neither list: the person who attaches the table decides.
TABLE_WORDS = {
    **dict.fromkeys(("confirmed",), PLACED),
    **dict.fromkeys(("captured", "succeeded", "payment received"), PAID),
    **dict.fromkeys(("returned", "charged back"), REFUNDED),
    **dict.fromkeys(("void", "rejected", "expired"), CANCELLED),
    **dict.fromkeys(("cart", "abandoned"), IGNORED),
}


def known(column: str | None) -> dict[str, str]:
    """The stage of each known word of the status column of that name; None for an expression."""
    words = ORDER_WORDS if column is None else status_words(column)
    own = TABLE_WORDS if words is ORDER_WORDS else {}
    return {word: _STAGE_OF[meaning] for word, meaning in words.items() if meaning in _STAGE_OF} | own


def folded(word: str) -> str:
    """The word as mappings have it: case, blanks at the ends, - or _ for a blank, and WooCommerce's prefix do not matter."""
    return word.replace("_", " ").replace("-", " ").strip(" ").lower().removeprefix(WORDPRESS_PREFIX)


def folded_sql(expression: str) -> str:
    """`folded` as SQL, with the prefix. lower() follows the collation of the database."""
    return f"pg_catalog.lower(pg_catalog.btrim(pg_catalog.translate(coalesce({expression}, ''), '_-', '  ')))"


def stages_as_json(statuses: Mapping[str, str]) -> str:
    """A JSON object of folded words to stages, with and without the prefix."""
    prefixed = {WORDPRESS_PREFIX + word: stage for word, stage in statuses.items()}
    return json.dumps(prefixed | dict(statuses), ensure_ascii=False, sort_keys=True)
