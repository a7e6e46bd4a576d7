"""Batched loads: which load a caller gets."""

from __future__ import annotations

import threading

from webapp.concurrency.batch_loader import BatchLoader

from ..support.viewers import at_once
from ..support.wait import eventually


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
