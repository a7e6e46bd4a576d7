"""The sentences of folded notifications. A toast in the browser fills in the same forms that the server does."""

from __future__ import annotations

import pytest

from webapp.display.notification_texts import fold_forms, folded


@pytest.mark.parametrize(
    ("subject", "kinds", "several", "one"),
    [
        (
            "orders",
            ["shipped", "paid"],
            "1,200 of your orders were paid or shipped",
            "1 of your orders was paid or shipped",
        ),
        ("webhooks", ["gone"], "1,200 webhooks were disabled", "1 webhook was disabled"),
        ("mentioned", ["mentioned"], "You were mentioned in 1,200 comments", "You were mentioned in 1 comment"),
        ("assigned", ["assigned"], "1,200 orders were assigned to you", "1 order was assigned to you"),
        (
            "unassigned",
            ["unassigned"],
            "1,200 orders are no longer assigned to you",
            "1 order is no longer assigned to you",
        ),
    ],
)
def test_each_subject_has_a_sentence_for_one_and_for_several(
    subject: str, kinds: list[str], several: str, one: str
) -> None:
    assert folded(subject, kinds, 1200, 1200, "en_GB") == several
    forms = fold_forms(subject, kinds, "en_GB")
    assert forms == {
        "one": one.replace("1", "%(num)s"),
        "other": several.replace("1,200", "%(num)s"),
    }
    assert folded(subject, kinds, 1, 1, "en_GB") == one


def test_several_changes_of_one_order_name_it() -> None:
    assert folded("orders", ["shipped", "paid"], 2, 1, "en_GB", "1042") == "Order 1042 was paid and shipped"


def test_several_mentions_on_one_order_are_counted_by_comment() -> None:
    assert folded("mentioned", ["mentioned"], 3, 1, "en_GB", "1042") == "You were mentioned in 3 comments"
