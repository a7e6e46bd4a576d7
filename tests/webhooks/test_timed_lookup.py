"""A look-up ends in time for its caller, whatever the system's resolver does."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from webapp.webhooks.timed_lookup import MAX_LOOKUPS, lookup_within

from ..support.wait import eventually


def test_a_look_up_finds_what_the_resolver_finds() -> None:
    assert lookup_within(5, "localhost", 80)[0] in ("127.0.0.1", "::1")
    assert lookup_within(5, "a.example", 443, lambda host, port: [f"{host}:{port}"]) == ["a.example:443"]


def test_the_resolvers_error_reaches_the_caller() -> None:
    with pytest.raises(socket.gaierror):
        lookup_within(60, "no-such-host.invalid", 80)


def test_look_ups_that_never_end_are_left_in_time_and_limited_in_number() -> None:
    release = threading.Event()

    def hang(_host: str, _port: int) -> list[str]:
        release.wait(30)
        return []

    def left(_n: int) -> bool:
        try:
            lookup_within(0.1, "slow.example", 80, hang)
        except TimeoutError:
            return True
        return False

    try:
        began = time.monotonic()
        with ThreadPoolExecutor(50) as pool:
            assert all(pool.map(left, range(MAX_LOOKUPS)))
        with pytest.raises(TimeoutError, match=f"{MAX_LOOKUPS} other look-ups"):
            lookup_within(0.1, "localhost", 80)
        assert time.monotonic() - began < 5
    finally:
        release.set()
    assert eventually(lambda: lookup_within(5, "localhost", 80))
