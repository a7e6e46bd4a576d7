"""fold.js: the sentence of several notifications of one kind, with their sum in the tenant's locale."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Scripts

pytestmark = pytest.mark.browser

FOLD = """
    const place = document.createElement("section");
    Object.assign(place, { id: "toasts" });
    Object.assign(place.dataset, given.place);
    document.body.append(place);
    const toast = (data) => Object.assign(document.createElement("article").dataset, data) && { dataset: data };
    const made = fold.folded(toast(given.before), toast(given.toast));
    place.remove();
    return made;
"""
PAID = {"one": "%(num)s of your orders was paid", "other": "%(num)s of your orders were paid"}


def folded(scripts: Scripts, before: dict[str, Any], toast: dict[str, Any], *money: str) -> dict[str, Any]:
    locale, currency, digits = money or ("en_GB", "EUR", "2")
    place = {"locale": locale, "currency": currency, "digits": digits}
    found: dict[str, Any] = scripts.run("fold.js", FOLD, {"place": place, "before": before, "toast": toast})
    return found


def toast(count: int, total: int, subjects: str = "", fold: dict[str, str] = PAID) -> dict[str, Any]:
    return {"count": str(count), "total": str(total), "subjects": subjects, "fold": json.dumps(fold)}


def test_two_toasts_fold_into_their_sum(scripts: Scripts) -> None:
    made = folded(scripts, toast(2, 71_240, "1 2"), toast(1, 20_000, "3"))
    assert made == {
        "count": 3,
        "total": 91_240,
        "subjects": "1 2 3",
        "sentence": "3 of your orders were paid · €912.40",
    }


def test_an_order_that_is_in_both_counts_once(scripts: Scripts) -> None:
    made = folded(scripts, toast(1, 10_000, "7"), toast(1, 10_000, "7"))
    assert (made["count"], made["total"]) == (1, 10_000)


def test_a_toast_without_money_has_no_sum(scripts: Scripts) -> None:
    forms = {"one": "You were mentioned in %(num)s comment", "other": "You were mentioned in %(num)s comments"}
    assert folded(scripts, toast(1, 0, fold=forms), toast(2, 0, fold=forms))["sentence"] == (
        "You were mentioned in 3 comments"
    )


@pytest.mark.parametrize(
    ("money", "sum_"),
    [
        (("de_DE", "EUR", "2"), "12.345,67\u00a0€"),
        (("ja_JP", "JPY", "0"), "￥1,234,567"),
        (("en_US", "KWD", "3"), "KWD\u00a01,234.567"),
        (("not a locale", "USD", "2"), "$12,345.67"),
    ],
)
def test_the_sum_is_in_the_tenants_locale_and_currency(scripts: Scripts, money: tuple[str, ...], sum_: str) -> None:
    made = folded(scripts, toast(1, 1_234_566, "1"), toast(1, 1, "2"), *money)
    assert made["sentence"] == f"2 of your orders were paid · {sum_}"
