"""The render cache alone: its limit in bytes, its pace, and waiters of a render that fails."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest
from markupsafe import Markup

from webapp.concurrency.batch_loader import BatchLoader
from webapp.panels.cache import PanelCache
from webapp.panels.render import OVERHEAD_BYTES, PACE_SECONDS, PACED_FROM, Render, RenderRequest
from webapp.signals.log_follower import Log

from ..support.viewers import at_once
from ..support.wait import eventually

NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)
LOG = Log(1, b"")


def render(size: int = 500) -> Render:
    body = b"x" * size
    return Render(Markup("x") * size, body, "etag", NOON, "12:00")


def request(key: object) -> RenderRequest:
    return RenderRequest(key, ("revenue",), 15.0, NOON.timestamp() + 3600)


def request_now(key: object, first_paint: bool = False) -> RenderRequest:
    return RenderRequest(key, ("revenue",), 15.0, time.time() + 3600, first_paint)


def new_cache(max_bytes: int = 1_000_000) -> PanelCache:
    return PanelCache(max_bytes, clock=NOON.timestamp)


def test_the_least_recently_used_renders_are_evicted() -> None:
    one = 2 * 500 + OVERHEAD_BYTES
    cache = new_cache(max_bytes=10 * one)
    for key in range(10):
        cache.get(request(key), LOG, render)
    cache.find([(0, ("revenue",))], LOG)
    for key in range(10, 15):
        cache.get(request(key), LOG, render)
        assert cache.bytes <= 10 * one
    assert [key for key in range(15) if cache.find([(key, ("revenue",))], LOG)] == [0, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert cache.bytes == 10 * one


def test_a_replaced_render_frees_its_bytes() -> None:
    cache = new_cache()
    log = Log(1, b"")
    for seq in range(2, 50):
        cache.get(request("a"), log, render)
        log.add(seq, b'{"topics":{"revenue":null},"users":{},"at":1}')
    assert cache.bytes == render().size


def test_a_render_above_the_limit_is_served_and_not_kept() -> None:
    cache = new_cache(max_bytes=100)
    assert cache.get(request("a"), LOG, render).body == b"x" * 500
    assert (cache.bytes, cache.find([("a", ("revenue",))], LOG)) == (0, None)


def test_a_request_after_a_signal_never_gets_a_render_begun_before_it() -> None:
    cache, log, painting = new_cache(), Log(1, b""), threading.Event()
    began = threading.Event()

    def slow() -> Render:
        began.set()
        painting.wait()
        return render(1)

    with at_once([lambda: cache.get(request("a"), log, slow)]) as first:
        began.wait()
        log.add(2, b'{"topics":{"revenue":null},"users":{},"at":1}')
        assert cache.get(request("a"), log, lambda: render(2)).body == b"xx"
        painting.set()
    assert first[0].result().body == b"x"
    found = cache.find([("a", ("revenue",))], log)
    assert found is not None
    assert found[0].body == b"xx", "and the late one does not replace it"
    assert cache.bytes == render(2).size


def shared_by_many(cache: PanelCache, log: Log) -> None:
    for _ in range(PACED_FROM + 1):
        cache.get(RenderRequest("a", ("revenue",), 15.0, cache.clock() + 3600), log, render)


def test_a_paced_panel_is_rendered_once_per_interval_for_any_number_of_signals() -> None:
    cache, log, painted = PanelCache(), Log(1, b""), []
    shared_by_many(cache, log)
    begun = time.monotonic()

    def paint() -> Render:
        painted.append(time.monotonic() - begun)
        return render(len(painted))

    def ask(seq: int) -> Render:
        log.add(seq, b'{"topics":{"revenue":null},"users":{},"at":1}')
        return cache.get(request_now("a"), log, paint)

    with at_once([lambda seq=seq: ask(seq) for seq in range(2, 22)]) as answers:
        assert {answer.result().body for answer in answers} == {b"x"}
    assert len(painted) == 1, "one render, begun after all signals, serves all"
    assert painted[0] > PACE_SECONDS / 2


def test_a_first_paint_skips_the_pace() -> None:
    cache, log = PanelCache(), Log(1, b"")
    shared_by_many(cache, log)
    log.add(2, b'{"topics":{"revenue":null},"users":{},"at":1}')
    begun = time.monotonic()
    with at_once([lambda: cache.get(request_now("a"), log, lambda: render(1))]) as others:
        eventually(lambda: cache._jobs["a"].seq is None)
        assert cache.get(request_now("a", first_paint=True), log, lambda: render(2)).body == b"xx"
        assert time.monotonic() - begun < PACE_SECONDS
    assert others[0].result().body == b"x"


def test_the_first_signal_after_a_pause_is_rendered_at_once() -> None:
    cache, log = new_cache(), Log(1, b"")
    shared_by_many(cache, log)
    cache.clock = lambda: NOON.timestamp() + PACE_SECONDS
    log.add(2, b'{"topics":{"revenue":null},"users":{},"at":1}')
    begun = time.monotonic()
    cache.get(request("a"), log, render)
    assert time.monotonic() - begun < PACE_SECONDS / 2


class Killed(BaseException):
    """As raised in a worker that stops."""


@pytest.mark.parametrize("kept", [True, False])
def test_waiters_of_a_cancelled_render_make_their_own(kept: bool) -> None:
    cache, log = new_cache(), Log(1, b"") if kept else None
    began, end = threading.Event(), threading.Event()

    def cancelled() -> Render:
        began.set()
        end.wait()
        raise Killed

    def first() -> object:
        with pytest.raises(Killed):
            cache.get(request("a"), log, cancelled)
        return None

    def second() -> object:
        began.wait()
        return cache.get(request("a"), log, render)

    with at_once([first, second]) as answers:
        began.wait()
        end.set()
    assert answers[1].result() == render()


def test_a_caller_during_a_load_gets_the_next_load() -> None:
    loader: BatchLoader[str, int] = BatchLoader()
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
        return loader.load(key, run)

    with at_once([lambda: loader.load("a", run), lambda: later("b"), lambda: later("c")]) as answers:
        eventually(lambda: loader.waiting == 2)
        end.set()
    assert [answer.result() for answer in answers] == [1, 2, 2]
    assert runs == [{"a"}, {"b", "c"}]
