"""Output to the terminal. When its reader is gone (a closed terminal, or `| head` has ended), the launcher stops."""

from __future__ import annotations

import os
import signal
import sys


class Terminal:
    """A text file for honcho's printer: stdout, or nothing after stdout is gone."""

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
    """Discard all further output, which would be an error while everything stops."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(devnull, stream.fileno())
    os.close(devnull)


def show(text: str) -> None:
    print(text, file=Terminal(), flush=True)
