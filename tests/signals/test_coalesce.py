"""Coalescing signals: any grouping, order and repetition of the same signals gives the same result."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from webapp.events.topics import BOARD_TOPICS, ORDERS
from webapp.signals.coalesce import MAX_IDS_NAMED, CoalescedSignal
from webapp.signals.signal import Signal


def topics_with(names: frozenset[str], ids: list[int] | None) -> dict[str, list[int] | None]:
    return {name: ids if name == ORDERS else None for name in names}


TOPICS = st.frozensets(st.sampled_from(BOARD_TOPICS))
# Few different ids, so that signals share some, and enough to pass the limit.
IDS = st.none() | st.lists(st.integers(1, 3 * MAX_IDS_NAMED), max_size=MAX_IDS_NAMED + 5)
USERS = st.dictionaries(st.integers(1, 3), st.lists(st.sampled_from(BOARD_TOPICS), max_size=3), max_size=3)
SIGNALS = st.lists(
    st.builds(Signal, st.integers(0, 9), st.builds(topics_with, TOPICS, IDS), USERS, st.integers(0, 9)), max_size=8
)


def coalesced(signals: list[Signal]) -> Signal:
    return CoalescedSignal(signals).signal()


@given(SIGNALS.flatmap(lambda signals: st.tuples(st.just(signals), st.permutations(signals))))
def test_the_order_of_the_signals_does_not_matter(orders: tuple[list[Signal], list[Signal]]) -> None:
    signals, shuffled = orders
    assert coalesced(shuffled) == coalesced(signals)


@given(st.lists(SIGNALS, max_size=5))
def test_the_grouping_of_the_signals_does_not_matter(groups: list[list[Signal]]) -> None:
    every = [signal for group in groups for signal in group]
    assert coalesced([coalesced(group) for group in groups]) == coalesced(every)


@given(SIGNALS)
def test_a_signal_that_comes_twice_changes_nothing(signals: list[Signal]) -> None:
    assert coalesced(signals + signals) == coalesced([*signals, coalesced(signals)]) == coalesced(signals)


@given(SIGNALS)
def test_nothing_is_lost_and_nothing_is_added(signals: list[Signal]) -> None:
    found = coalesced(signals)
    assert set(found.topics) == {topic for signal in signals for topic in signal.topics}
    for user in range(1, 4):
        names = {name for signal in signals for name in signal.users.get(user, ())}
        assert set(found.users.get(user, ())) == names
    assert (found.seq, found.at) == (max((s.seq for s in signals), default=0), max((s.at for s in signals), default=0))
    named = [signal.topics[ORDERS] for signal in signals if ORDERS in signal.topics]
    union = {order for ids in named for order in ids or ()}
    if named and None not in named and len(union) <= MAX_IDS_NAMED:
        assert found.topics[ORDERS] == sorted(union)
    elif named:
        assert found.topics[ORDERS] is None


def test_more_than_fifty_orders_are_many() -> None:
    few = Signal(1, {ORDERS: list(range(MAX_IDS_NAMED))})
    assert coalesced([few]).topics == {ORDERS: list(range(MAX_IDS_NAMED))}
    assert coalesced([few, Signal(2, {ORDERS: [MAX_IDS_NAMED]})]).topics == {ORDERS: None}


def test_the_part_for_a_user_has_the_tenants_topics_and_the_users_own() -> None:
    signal = Signal(3, {"placed": None}, {7: ["inbox"], 8: ["day"]}, 5)
    assert signal.for_user(7) == Signal(3, {"placed": None, "inbox": None}, {}, 5)
    assert signal.for_user(9) == Signal(3, {"placed": None}, {}, 5)
