"""The searches and filters that bench/search.py measures."""

from __future__ import annotations

from webapp.queries.order_search import Filter


def cases(count: int) -> dict[str, tuple[Filter, bool]]:
    """The filter of each case, and whether its page is in the middle of the list."""
    return {
        "no search, newest": (Filter(), False),
        "a rare word": (Filter("zzyzx"), False),
        "a word of half of the orders": (Filter("gmbh"), False),
        "its page in the middle": (Filter("gmbh"), True),
        "one letter": (Filter("a"), False),
        "a word of one order in a hundred": (Filter("müller"), False),
        "its page in the middle of the list": (Filter("MULLER"), True),
        "a word that no order has": (Filter("qqq"), False),
        "two words": (Filter("anna müller"), False),
        "two words that never meet": (Filter("gmbh müller"), False),
        "a word of old orders only": (Filter("nordmarkt"), False),
        "a customer with one order": (Filter(f"kunde {count // 3 // 20 * 20 + 1}"), False),
        "a number": (Filter(str(count // 2)), False),
        "the beginning of a number": (Filter("15"), False),
        "a salesperson's name": (Filter("ana silva"), False),
        "a status": (Filter(status="cancelled"), False),
        "a status of most orders": (Filter(status="shipped"), False),
        "a salesperson": (Filter(owner_id=2), False),
        "a salesperson and a status, none": (Filter(status="placed", owner_id=2), False),
        "a status and a word": (Filter("müller", "cancelled"), False),
        "a status and a word, none": (Filter("qqq", "cancelled"), False),
        "a salesperson and a word": (Filter("schmidt", owner_id=7), False),
    }


def filters(count: int) -> dict[str, str]:
    """The address of each case with the other filters. Its page has count and sum, too."""
    return {
        "placed today": "range=today",
        "paid in 30 days": "by=paid&range=last_30",
        "shipped, newest": "by=shipped",
        "cancelled, newest": "by=cancelled",
        "revenue of today": "by=revenue&range=today",
        "revenue of a salesperson in 30 days": "by=revenue&range=last_30&owner=2",
        "refunded in 30 days": "by=refunded&range=last_30",
        "refunded, newest": "by=refunded",
        "orders to be shipped": "status=to_ship",
        "a rare amount": "min=123.45&max=123.45",
        "large amounts": "min=900",
        "large amounts of a salesperson, paid": "min=909&by=paid&owner=3",
        "a source of all orders": "source=bench",
        "a source that no order has": "source=none&owner=2&by=paid",
        "a status that the time excludes": "status=placed&by=paid",
        "a word and dates of payment": "q=gmbh&by=paid&range=last_30",
        "a word and large amounts": "q=müller&min=900",
    }
