"""Ctrl-C, SIGTERM and a closed terminal, at moments that suit."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from .terminal import silence


class StopRequested(BaseException):
    """Somebody asked to stop."""


class Interrupt:
    """Remembers that somebody asked; raises Stop only where a block says that it may be cut short.

    Starting a service may not: initdb and pg_ctl are done within seconds, and half of it is worse than all of it.
    """

    def __init__(self) -> None:
        self.asked = False
        self._raising = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: object) -> None:
        if number == signal.SIGHUP:  # the terminal is gone, and writing to it would be an error
            silence()
        self.asked = True
        if self._raising:
            self._raising = False
            raise StopRequested

    def check(self) -> None:
        if self.asked:
            raise StopRequested

    @contextmanager
    def may_cut_short(self) -> Iterator[None]:
        self._raising = True
        try:
            self.check()
            yield
        finally:
            self._raising = False
