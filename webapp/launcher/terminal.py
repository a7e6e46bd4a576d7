"""Speaking to the terminal. When nobody reads any more (it was closed, or `| head` is done), that is a request to stop."""

from __future__ import annotations

import os
import signal
import sys


class Terminal:
    """A text file for honcho's printer: stdout, and silence once stdout is gone."""

    def write(self, text: str) -> None:
        try:
            sys.stdout.write(text)
        except OSError:
            self._lost()

    def flush(self) -> None:
        try:
            sys.stdout.flush()
        except OSError:
            self._lost()

    def isatty(self) -> bool:
        return sys.stdout.isatty()

    def _lost(self) -> None:
        silence()
        os.kill(os.getpid(), signal.SIGTERM)


def silence() -> None:
    """From now on what is printed goes nowhere, instead of being an error while everything is being stopped."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def say(text: str) -> None:
    print(text, file=Terminal(), flush=True)
