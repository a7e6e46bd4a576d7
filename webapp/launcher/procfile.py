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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from honcho.colour import get_colours
from honcho.environ import parse_procfile
from honcho.printer import Message, Printer
from honcho.process import Process

from .restarts import Restarts, how_it_ended
from .terminal import Terminal, say

STOP_SECONDS = 5.0  # from the first SIGTERM to SIGKILL


@dataclass
class Kept:
    """One process of the Procfile, which is starting, runs as `pid`, or waits until it is `due` for its next start."""

    command: str
    colour: str
    restarts: Restarts = field(default_factory=Restarts)
    pid: int | None = None  # its group's as well: each leads a process group of its own
    began: float = 0.0
    due: float | None = None


class Processes:
    """All of them together. One that ends is started again, and the others go on meanwhile."""

    def __init__(self, commands: Mapping[str, str], env: Mapping[str, str], directory: Path) -> None:
        self._given: dict[str, Any] = {"env": dict(env), "cwd": str(directory)}
        self._messages: queue.Queue[Message] = queue.Queue()
        self._stopping = False
        self._printer = Printer(Terminal(), width=max(map(len, commands)))
        self._kept = {
            name: Kept(command, colour)
            for (name, command), colour in zip(commands.items(), get_colours(), strict=False)
        }
        for name in self._kept:
            self._start(name)

    def watch(self, is_stopping: Callable[[], bool], every_turn: Callable[[], None]) -> str | None:
        """Pass their lines on and keep them running until `is_stopping`. Returns early, and why, where one of them
        cannot be started at all."""
        while not is_stopping():
            reason = self._turn()
            if reason is not None:
                return reason
            for name, kept in self._kept.items():
                if kept.due is not None and time.monotonic() >= kept.due:
                    self._start(name)
            every_turn()
        return None

    def stop(self) -> None:
        """SIGTERM to all, SIGKILL to those that are still there after STOP_SECONDS. Lines are passed on meanwhile."""
        self._stopping = True
        deadline, told = time.monotonic() + STOP_SECONDS, set[int]()
        while any(kept.due is None for kept in self._kept.values()) and time.monotonic() < deadline:
            for kept in self._kept.values():  # one that is just starting gets it as soon as it is there
                if kept.pid is not None and kept.pid not in told:
                    told.add(kept.pid)
                    _signal(kept.pid, signal.SIGTERM)
            self._turn()
        for kept in self._kept.values():
            if kept.pid is not None:
                _signal(kept.pid, signal.SIGKILL)

    def _start(self, name: str) -> None:
        kept = self._kept[name]
        kept.due, kept.began = None, time.monotonic()
        process = Process(kept.command, name=name, colour=kept.colour, **self._given)
        threading.Thread(target=process.run, args=(self._messages,), daemon=True).start()

    def _turn(self) -> str | None:
        """One message. Returns why all has to end, if it has to."""
        try:
            message = self._messages.get(timeout=0.1)
        except queue.Empty:
            return None
        if message.type == "line":
            self._printer.write(message)
        elif message.type == "start":
            self._kept[message.name].pid = message.data["pid"]
        elif message.type == "stop":
            return self._ended(message.name, message.data["returncode"])
        return None

    def _ended(self, name: str, code: int) -> str | None:
        kept, now = self._kept[name], time.monotonic()
        wait = kept.restarts.after(code, now - kept.began)
        kept.pid, kept.due = None, now + (wait or 0.0)
        if wait is None:
            return f"The process {name!r} cannot be started: it {how_it_ended(code)}"
        if not self._stopping:
            say(f"The process {name!r} {how_it_ended(code)}; it is started again in {wait:g} s.")
        return None


def _signal(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return  # ended meanwhile; its message is on the way
    except PermissionError:
        return  # macOS says so of a group whose last process has just ended


def read(file: Path) -> dict[str, str]:
    """Name -> command, in the file's order."""
    return dict(parse_procfile(file.read_text()).processes)
