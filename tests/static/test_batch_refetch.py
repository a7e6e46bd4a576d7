"""batch_refetch.js: the signals of a topic merge into one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..support.fuzzing import fuzzed
from .conftest import Scripts

pytestmark = pytest.mark.browser

MERGE = "return given.reduce((before, data) => batch_refetch.merged(before, data), undefined)"
IDS = st.none() | st.lists(st.integers(1, 60), max_size=50)
SIGNALS = st.lists(
    st.fixed_dictionaries({"seq": st.integers(1, 10**9), "at": st.integers(1, 10**13), "ids": IDS}), min_size=1
)


def merge(scripts: Scripts, *signals: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = scripts.run("batch_refetch.js", MERGE, list(signals))
    return found


def test_two_signals_name_the_orders_of_both_each_once(scripts: Scripts) -> None:
    assert merge(scripts, {"at": 1, "ids": [3, 1]}, {"at": 2, "ids": [1, 2]})["ids"] == [3, 1, 2]


@pytest.mark.parametrize("ids", [(None, [1]), ([1], None), (None, None)])
def test_many_orders_stay_many(scripts: Scripts, ids: tuple[list[int] | None, ...]) -> None:
    assert merge(scripts, *({"at": 1, "ids": each} for each in ids))["ids"] is None


def test_a_topic_without_orders_gets_none(scripts: Scripts) -> None:
    assert merge(scripts, {"seq": 1, "at": 5}, {"seq": 2, "at": 6}) == {"seq": 2, "at": 5}


@fuzzed
@given(signals=SIGNALS)
def test_any_signals_merge_to_the_union_the_oldest_change_and_the_newest_number(
    scripts: Scripts, signals: list[dict[str, Any]]
) -> None:
    merged = merge(scripts, *signals)
    assert merged["at"] == min(signal["at"] for signal in signals)
    assert merged["seq"] == signals[-1]["seq"]
    if any(signal["ids"] is None for signal in signals):
        assert merged["ids"] is None
    else:
        assert sorted(set(merged["ids"])) == sorted({order for signal in signals for order in signal["ids"]})
        assert len(signals) == 1 or len(merged["ids"]) == len(set(merged["ids"]))
