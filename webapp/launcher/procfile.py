"""Runs the Procfile's processes through honcho: its parser, its processes, its coloured lines.

honcho's Manager is not used: it forks this process once more for each of them, and a signal that comes while it starts
them gets lost or ends in a traceback.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from honcho.colour import get_colours
from honcho.environ import parse_procfile
from honcho.printer import Message, Printer
from honcho.process import Process

from .terminal import Terminal

STOP_SECONDS = 5.0  # from the first SIGTERM to SIGKILL


class Processes:
    """All of them together: when one ends, the others are ended as well. Each leads a process group of its own."""

    def __init__(self, commands: Mapping[str, str], env: Mapping[str, str], directory: Path) -> None:
        self._messages: queue.Queue[Message] = queue.Queue()
        self._printer = Printer(Terminal(), width=max(map(len, commands)))
        self._running: dict[str, int] = {}  # name -> pid, which is its group's as well
        self._waiting = len(commands)
        for (name, command), colour in zip(commands.items(), get_colours(), strict=False):
            process = Process(command, name=name, colour=colour, env=dict(env), cwd=str(directory))
            threading.Thread(target=process.run, args=(self._messages,), daemon=True).start()

    def watch(self, is_stopping: Callable[[], bool], every_turn: Callable[[], None]) -> tuple[str, int] | None:
        """Pass their lines on until `is_stopping`, or until one ends by itself: returns its name and exit code."""
        while not is_stopping():
            ended = self._turn()
            if ended is not None:
                return ended
            every_turn()
        return None

    def stop(self) -> None:
        """SIGTERM to all, SIGKILL to who is still there after STOP_SECONDS. Lines are passed on meanwhile."""
        deadline, told = time.monotonic() + STOP_SECONDS, set[str]()
        while (self._running or self._waiting) and time.monotonic() < deadline:
            for name in set(self._running) - told:  # one that is just starting is told as soon as it is there
                self._signal(name, signal.SIGTERM)
                told.add(name)
            self._turn()
        for name in self._running:
            self._signal(name, signal.SIGKILL)

    def _turn(self) -> tuple[str, int] | None:
        try:
            message = self._messages.get(timeout=0.1)
        except queue.Empty:
            return None
        if message.type == "line":
            self._printer.write(message)
        elif message.type == "start":
            self._running[message.name] = message.data["pid"]
            self._waiting -= 1
        elif message.type == "stop":
            self._running.pop(message.name, None)
            return message.name, message.data["returncode"]
        return None

    def _signal(self, name: str, number: int) -> None:
        try:
            os.killpg(self._running[name], number)
        except ProcessLookupError:
            return  # ended meanwhile; its message is on the way
        except PermissionError:
            return  # macOS says so of a group whose last process has just ended


def read(file: Path) -> dict[str, str]:
    """Name -> command, in the file's order."""
    return dict(parse_procfile(file.read_text()).processes)
