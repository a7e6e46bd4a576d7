"""The web application with password hashing in the event loop: the baseline of bench/sign_in.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from webapp.accounts.hashing import hashing
from wsgi import app

T = TypeVar("T")


def in_the_loop(work: Callable[[], T]) -> T:
    return work()


hashing.run = in_the_loop  # type: ignore[method-assign]

__all__ = ["app"]
