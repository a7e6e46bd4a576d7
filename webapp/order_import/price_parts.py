"""Columns that are amounts beside a price, by their names: tax, shipping, discounts, fees. Left out, they change a total."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PARTS = (
    "discount|discounts|rabatt|remise|sconto|korting|descuento|promotion|promotions|promotional|coupon|voucher|"
    "tax|taxes|vat|gst|mwst|ust|tva|iva|btw|shipping|postage|freight|delivery|versand|handling|surcharge|fee|fees|tip|tips|"
    "giftwrap|gift wrap|discountamount|taxamount|shippingcost"
)
# Not an amount of money, although a word of the above stands in the name.
_OTHERS = (
    "name|address|street|city|town|zip|zipcode|postcode|postal|state|province|country|county|phone|e?mail|company|method|"
    "service|code|codes|class|date|at|on|time|id|ids|number|no|nr|status|type|title|note|notes|label|region|tracking|carrier|"
    "rate|percent|taxable|exempt|included|details|first|last|line|quantity|provider|option|zone|instructions|currency|suburb"
)
PARTS, OTHERS = (re.compile(rf"\b(?:{words})\b") for words in (_PARTS, _OTHERS))


def of(names: Iterable[str]) -> list[str]:
    """The names that are amounts beside a price: `DiscountAmount`, `item-tax`, `Shipping`, not `Shipping Name`."""
    return [name for name in names if _is_part(name)]


def _is_part(name: str) -> bool:
    # "ShippingCost" is two words, "MwSt" is one.
    forms = [_words(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)), _words(name)]
    return any(map(PARTS.search, forms)) and not any(map(OTHERS.search, forms))


def _words(name: str) -> str:
    return re.sub(r"[\W\d_]+", " ", name).casefold()
