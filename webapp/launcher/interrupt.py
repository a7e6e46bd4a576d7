"""Interrupt: Ctrl-C, SIGTERM and a closed terminal, handled where the launcher can stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from .terminal import silence


class StopRequested(BaseException):
    """A signal asked the launcher to stop."""


class Interrupt:
    """Remembers a signal in `asked`, and raises StopRequested only inside a `may_cut_short` block.

    The start of a server must not be cut short: initdb and pg_ctl take seconds, and a half start is worse than a whole one.
    """

    def __init__(self) -> None:
        self.asked = False
        self._raising = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: object) -> None:
        # The terminal is closed, and writing to it would fail.
        if number == signal.SIGHUP:
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
