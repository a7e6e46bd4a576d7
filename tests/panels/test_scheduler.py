"""The render scheduler alone, with a given clock: which requests join a render, when one starts, and how one fails."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from webapp.observability.metrics import web as metrics
from webapp.panels.cache import RenderCache
from webapp.panels.render import Render
from webapp.panels.scheduler import RenderScheduler
from webapp.signals.log_follower import Log

from ..support.fake_time import FakeTime
from ..support.metrics import metric_value
from ..support.renders import LOG, MAX_AGE_SECONDS, NOON, ROUND_SECONDS, Killed, request, signal, small_render
from ..support.viewers import at_once
from ..support.wait import eventually


class Stage:
    """A scheduler whose time stands still, and a log with one signal. `painted` has the time of each painting."""

    def __init__(self, max_bytes: int = 1_000_000) -> None:
        self.time, self.log = FakeTime(), Log(1, b"")
        self.scheduler = RenderScheduler(
            RenderCache(max_bytes), self.time.clock, lambda: NOON.timestamp(), self.time.sleep
        )
        self.painted: list[float] = []

    def paint(self) -> Render:
        self.painted.append(self.time.clock())
        return small_render(len(self.painted))

    def get(self, key: str = "a", first_paint: bool = False) -> Render:
        return self.scheduler.get(request(key, first_paint), self.log, self.paint)

    def is_kept(self, key: str = "a") -> bool:
        return self.scheduler.find([(key, ("revenue",))], self.log) is not None


def waits() -> float:
    return metric_value(metrics.PANEL_WAITS)


def test_a_render_above_the_limit_is_served_and_not_kept() -> None:
    stage = Stage(max_bytes=100)
    assert stage.get().body == b"x"
    assert not stage.is_kept()


def test_a_render_is_served_until_a_signal_or_its_maximum_age() -> None:
    stage = Stage()
    stage.get()
    stage.time.advance(MAX_AGE_SECONDS - 1)
    stage.get()
    assert len(stage.painted) == 1
    stage.time.advance(1)
    stage.get()
    assert len(stage.painted) == 2
    signal(stage.log, 2)
    stage.time.advance(1)
    assert stage.get().body == b"xxx"


def test_a_request_after_a_signal_never_gets_a_render_begun_before_it() -> None:
    stage, began, end = Stage(), threading.Event(), threading.Event()

    def slow() -> Render:
        began.set()
        end.wait()
        return small_render(1)

    with at_once([lambda: stage.scheduler.get(request("a"), stage.log, slow)]) as first:
        began.wait()
        signal(stage.log, 2)
        stage.time.advance(ROUND_SECONDS)
        assert stage.scheduler.get(request("a"), stage.log, lambda: small_render(2)).body == b"xx"
        end.set()
    assert first[0].result().body == b"x"
    found = stage.scheduler.find([("a", ("revenue",))], stage.log)
    assert found is not None
    assert stage.scheduler.wait(found) == [small_render(2)], "and the late one does not replace it"


def test_a_request_joins_a_job_that_is_reserved_for_another_one() -> None:
    stage = Stage()
    wanted = request("a")
    reserved = stage.scheduler.reserve([wanted], stage.log)
    assert stage.scheduler.reserve([wanted], stage.log) == {}, "a second request joins it"
    joined = stage.scheduler.find([("a", ("revenue",))], stage.log)
    assert joined is not None
    assert stage.scheduler.get_all([(wanted, stage.paint)], stage.log, reserved) == [small_render(1)]
    assert reserved == {}
    assert stage.scheduler.wait(joined) == [small_render(1)]
    assert len(stage.painted) == 1


def test_a_reserved_job_that_is_never_run_lets_the_others_try_again() -> None:
    stage, before = Stage(), waits()
    reserved = stage.scheduler.reserve([request("a")], stage.log)
    with at_once([stage.get]) as joined:
        eventually(lambda: waits() == before + 1)
        stage.scheduler.release(reserved)
    assert joined[0].result().body == b"x"
    assert len(stage.painted) == 1


def test_a_reserved_job_of_another_log_is_not_run() -> None:
    stage = Stage()
    wanted, other = request("a"), Log(5, b"")
    reserved = stage.scheduler.reserve([wanted], stage.log)
    assert stage.scheduler.get_all([(wanted, stage.paint)], other, reserved) == [small_render(1)]
    assert list(reserved) == ["a"], "it is left to be released"
    stage.scheduler.release(reserved)
    assert stage.scheduler.find([("a", ("revenue",))], other) is not None


def test_a_panel_is_rendered_once_per_round_for_any_number_of_signals() -> None:
    stage = Stage()
    stage.get()
    waited = waits()

    def ask(seq: int) -> Render:
        signal(stage.log, seq)
        return stage.get()

    with at_once([lambda seq=seq: ask(seq) for seq in range(2, 22)]) as answers:
        eventually(lambda: stage.time.sleeping == 1 and waits() - waited == 19)
        stage.time.advance(ROUND_SECONDS)
        assert {answer.result().body for answer in answers} == {b"xx"}
    began = stage.painted[0]
    assert stage.painted == [began, began + ROUND_SECONDS], "one render, begun after all signals, serves all"


def test_the_first_signal_after_a_pause_is_rendered_at_once() -> None:
    stage = Stage()
    stage.get()
    stage.time.advance(ROUND_SECONDS)
    signal(stage.log, 2)
    assert stage.get().body == b"xx", "without a sleep, which would never end here"


def test_a_first_paint_waits_for_no_round() -> None:
    stage = Stage()
    stage.get()
    signal(stage.log, 2)
    with at_once([stage.get]) as others:
        eventually(lambda: stage.time.sleeping)
        assert stage.get(first_paint=True).body == b"xx"
        stage.time.advance(ROUND_SECONDS)
    assert others[0].result().body == b"xxx"


def test_several_panels_wait_for_their_round_together() -> None:
    stage = Stage()
    keys = "abcd"
    for key in keys:
        stage.get(key)
        stage.time.advance(0.01)
    signal(stage.log, 2)
    jobs = [(request(key), stage.paint) for key in keys]
    with at_once([lambda: stage.scheduler.get_all(jobs, stage.log)]) as answers:
        eventually(lambda: stage.time.sleeping)
        assert len(stage.painted) == len(keys)
        stage.time.advance(ROUND_SECONDS)
    assert len(answers[0].result()) == len(keys)
    assert len(set(stage.painted[len(keys) :])) == 1, "one wait for all"


def test_a_signal_during_a_wait_for_several_renders_restarts_none_of_them() -> None:
    stage, end, began, waited = Stage(), threading.Event(), threading.Event(), waits()

    def slow() -> Render:
        began.set()
        end.wait()
        return small_render(1)

    def both(paint: Callable[[], Render]) -> list[Render | Exception]:
        return stage.scheduler.get_all([(request("a"), paint), (request("b"), stage.paint)], stage.log)

    with at_once([lambda: both(slow)]) as first:
        began.wait()
        with at_once([lambda: both(stage.paint)]) as second:
            eventually(lambda: waits() - waited == 1)
            signal(stage.log, 2)
            end.set()
    assert first[0].result() == second[0].result() == [small_render(1)] * 2


def test_a_failed_render_does_not_affect_the_others() -> None:
    def fails() -> Render:
        raise OSError

    for log in (LOG, None):
        jobs = [(request("a"), fails), (request("b"), small_render)]
        found = Stage().scheduler.get_all(jobs, log)
        assert isinstance(found[0], OSError)
        assert found[1] == small_render()


def test_a_cancelled_owner_leaves_no_job_behind() -> None:
    stage = Stage()

    def cancelled() -> Render:
        raise Killed

    with pytest.raises(Killed):
        stage.scheduler.get_all([(request("a"), cancelled), (request("b"), stage.paint)], stage.log)
    assert not stage.is_kept("a")
    assert not stage.is_kept("b")
    assert stage.get("b") == small_render(1)


@pytest.mark.parametrize("kept", [True, False])
def test_waiters_of_a_cancelled_render_make_their_own(kept: bool) -> None:
    stage, log = Stage(), LOG if kept else None
    began, end = threading.Event(), threading.Event()

    def cancelled() -> Render:
        began.set()
        end.wait()
        raise Killed

    def first() -> object:
        with pytest.raises(Killed):
            stage.scheduler.get(request("a"), log, cancelled)
        return None

    def second() -> object:
        began.wait()
        return stage.scheduler.get(request("a"), log, small_render)

    with at_once([first, second]) as answers:
        began.wait()
        end.set()
    assert answers[1].result() == small_render()
