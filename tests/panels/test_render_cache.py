"""The renders in memory: their limit in bytes, and which are dropped."""

from __future__ import annotations

from collections.abc import Hashable

from webapp.observability.metrics import web as metrics
from webapp.panels.cache import RenderCache
from webapp.panels.render import OVERHEAD_BYTES, RenderJob

from ..support.metrics import metric_value
from ..support.renders import LOG, request, small_render

ONE = 2 * 500 + OVERHEAD_BYTES


def finished(key: Hashable, size: int = 500) -> RenderJob:
    job = RenderJob(LOG, request(key), 0.0, None)
    job.finish(small_render(size), 0.1)
    return job


def test_the_least_recently_used_renders_are_dropped() -> None:
    cache = RenderCache(max_bytes=10 * ONE)
    for key in range(10):
        cache.put(key, finished(key))
    assert cache.get(0) is not None
    for key in range(10, 15):
        cache.put(key, finished(key))
        assert cache.bytes <= 10 * ONE
    assert [key for key in range(15) if cache.get(key)] == [0, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert cache.bytes == 10 * ONE


def test_a_replaced_render_frees_its_bytes() -> None:
    cache, held = RenderCache(), metric_value(metrics.PANEL_BYTES)
    for _ in range(50):
        cache.put("a", finished("a"))
    assert cache.bytes == ONE
    assert metric_value(metrics.PANEL_BYTES) == held + ONE


def test_a_render_above_the_limit_is_not_kept_and_drops_the_older_one_of_its_key_only() -> None:
    cache = RenderCache(max_bytes=2 * ONE)
    cache.put("a", finished("a"))
    cache.put("b", finished("b"))
    cache.put("a", finished("a", 5_000))
    assert (cache.get("a"), cache.bytes) == (None, ONE)
