"""The cache of renders by itself: its bound in bytes, and what becomes of those who wait for a render that fails."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest
from markupsafe import Markup

from webapp.concurrency.batch_loader import BatchLoader
from webapp.panels.cache import PanelCache
from webapp.panels.render import MANY, OVERHEAD_BYTES, PACE_SECONDS, Render, RenderRequest
from webapp.signals.log_follower import Log

from ..support.processes import eventually
from ..support.viewers import at_once

NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)
LOG = Log(1, b"")


def render(size: int = 500) -> Render:
    body = b"x" * size
    return Render(Markup("x") * size, body, "etag", NOON, "12:00")


def wanted(key: object) -> RenderRequest:
    return RenderRequest(key, ("revenue",), 15.0, NOON.timestamp() + 3600)


def wanted_now(key: object, hurried: bool = False) -> RenderRequest:
    return RenderRequest(key, ("revenue",), 15.0, time.time() + 3600, hurried)


def new_cache(most_bytes: int = 1_000_000) -> PanelCache:
    return PanelCache(most_bytes, clock=NOON.timestamp)


def test_the_renders_that_were_asked_for_longest_ago_make_room() -> None:
    one = 2 * 500 + OVERHEAD_BYTES
    cache = new_cache(most_bytes=10 * one)
    for key in range(10):
        cache.get(wanted(key), LOG, render)
    cache.find([(0, ("revenue",))], LOG)
    for key in range(10, 15):
        cache.get(wanted(key), LOG, render)
        assert cache.bytes <= 10 * one
    assert [key for key in range(15) if cache.find([(key, ("revenue",))], LOG)] == [0, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert cache.bytes == 10 * one


def test_a_render_that_is_replaced_gives_its_bytes_back() -> None:
    cache = new_cache()
    log = Log(1, b"")
    for seq in range(2, 50):
        cache.get(wanted("a"), log, render)
        log.add(seq, b'{"topics":{"revenue":null},"users":{},"at":1}')
    assert cache.bytes == render().size


def test_one_that_is_larger_than_all_the_room_is_given_out_and_not_kept() -> None:
    cache = new_cache(most_bytes=100)
    assert cache.get(wanted("a"), LOG, render).body == b"x" * 500
    assert (cache.bytes, cache.find([("a", ("revenue",))], LOG)) == (0, None)


def test_what_was_begun_before_a_signal_is_not_given_to_who_comes_after_it() -> None:
    cache, log, painting = new_cache(), Log(1, b""), threading.Event()
    began = threading.Event()

    def slow() -> Render:
        began.set()
        painting.wait()
        return render(1)

    with at_once([lambda: cache.get(wanted("a"), log, slow)]) as first:
        began.wait()
        log.add(2, b'{"topics":{"revenue":null},"users":{},"at":1}')
        assert cache.get(wanted("a"), log, lambda: render(2)).body == b"xx"
        painting.set()
    assert first[0].result().body == b"x"
    found = cache.find([("a", ("revenue",))], log)
    assert found is not None
    assert found[0].body == b"xx", "and the one that is late does not take its place"
    assert cache.bytes == render(2).size


def watched_by_many(cache: PanelCache, log: Log) -> None:
    for _ in range(MANY + 1):
        cache.get(RenderRequest("a", ("revenue",), 15.0, cache.clock() + 3600), log, render)


def test_what_many_watch_is_painted_at_most_once_in_its_pace_however_many_signals_come() -> None:
    cache, log, painted = PanelCache(), Log(1, b""), []
    watched_by_many(cache, log)
    begun = time.monotonic()

    def paint() -> Render:
        painted.append(time.monotonic() - begun)
        return render(len(painted))

    def ask(seq: int) -> Render:
        log.add(seq, b'{"topics":{"revenue":null},"users":{},"at":1}')
        return cache.get(wanted_now("a"), log, paint)

    with at_once([lambda seq=seq: ask(seq) for seq in range(2, 22)]) as answers:
        assert {answer.result().body for answer in answers} == {b"x"}
    assert len(painted) == 1, "all of them were told of in the one that was begun after they came"
    assert painted[0] > PACE_SECONDS / 2


def test_the_first_paint_of_a_page_waits_for_no_pace() -> None:
    cache, log = PanelCache(), Log(1, b"")
    watched_by_many(cache, log)
    log.add(2, b'{"topics":{"revenue":null},"users":{},"at":1}')
    begun = time.monotonic()
    with at_once([lambda: cache.get(wanted_now("a"), log, lambda: render(1))]) as others:
        eventually(lambda: cache._flights["a"].seq is None)
        assert cache.get(wanted_now("a", hurried=True), log, lambda: render(2)).body == b"xx"
        assert time.monotonic() - begun < PACE_SECONDS
    assert others[0].result().body == b"x"


def test_the_first_signal_after_quiet_is_shown_at_once() -> None:
    cache, log = new_cache(), Log(1, b"")
    watched_by_many(cache, log)
    cache.clock = lambda: NOON.timestamp() + PACE_SECONDS
    log.add(2, b'{"topics":{"revenue":null},"users":{},"at":1}')
    begun = time.monotonic()
    cache.get(wanted("a"), log, render)
    assert time.monotonic() - begun < PACE_SECONDS / 2


class Killed(BaseException):
    """As a worker is that stops."""


@pytest.mark.parametrize("kept", [True, False])
def test_who_waits_for_one_that_is_cut_short_goes_on_without_it(kept: bool) -> None:
    cache, log = new_cache(), Log(1, b"") if kept else None
    began, end = threading.Event(), threading.Event()

    def cut_short() -> Render:
        began.set()
        end.wait()
        raise Killed

    def first() -> object:
        with pytest.raises(Killed):
            cache.get(wanted("a"), log, cut_short)
        return None

    def second() -> object:
        began.wait()
        return cache.get(wanted("a"), log, render)

    with at_once([first, second]) as answers:
        began.wait()
        end.set()
    assert answers[1].result() == render()


def test_who_comes_during_a_run_gets_what_the_next_one_finds() -> None:
    together: BatchLoader[str, int] = BatchLoader()
    runs: list[set[str]] = []
    began, end = threading.Event(), threading.Event()

    def run(keys: set[str]) -> dict[str, int]:
        runs.append(set(keys))
        if len(runs) == 1:
            began.set()
            end.wait()
        return dict.fromkeys(keys, len(runs))

    def later(key: str) -> int | None:
        began.wait()
        return together.load(key, run)

    with at_once([lambda: together.load("a", run), lambda: later("b"), lambda: later("c")]) as answers:
        eventually(lambda: together._gathering is not None and together._gathering.keys == {"b", "c"})
        end.set()
    assert [answer.result() for answer in answers] == [1, 2, 2]
    assert runs == [{"a"}, {"b", "c"}]
