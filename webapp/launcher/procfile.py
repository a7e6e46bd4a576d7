"""Processes: runs the Procfile's processes with honcho's parser, processes and coloured lines.

honcho's Manager is not used: it forks this process again for each of them, and a signal during their start is lost or ends
in a traceback.
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
from .terminal import Terminal, show

# From the first SIGTERM to SIGKILL.
STOP_SECONDS = 5.0


@dataclass
class ManagedProcess:
    """One process of the Procfile: it is starting, runs as `pid`, or waits until `due` for its next start."""

    command: str
    colour: str
    restarts: Restarts = field(default_factory=Restarts)
    # Also the id of its process group.
    pid: int | None = None
    began: float = 0.0
    due: float | None = None


class Processes:
    """All processes. A process that ends is started again; the others continue."""

    def __init__(self, commands: Mapping[str, str], env: Mapping[str, str], directory: Path) -> None:
        self._options: dict[str, Any] = {"env": dict(env), "cwd": str(directory)}
        self._messages: queue.Queue[Message] = queue.Queue()
        self._stopping = False
        self._printer = Printer(Terminal(), width=max(map(len, commands)))
        self._processes = {
            name: ManagedProcess(command, colour)
            for (name, command), colour in zip(commands.items(), get_colours(), strict=False)
        }
        for name in self._processes:
            self._start(name)

    def watch(self, is_stopping: Callable[[], bool], every_turn: Callable[[], None]) -> str | None:
        """Print the lines of all processes and restart those that end, until `is_stopping`. Returns early with the reason
        when one cannot be started at all."""
        while not is_stopping():
            reason = self._turn()
            if reason is not None:
                return reason
            for name, managed in self._processes.items():
                if managed.due is not None and time.monotonic() >= managed.due:
                    self._start(name)
            every_turn()
        return None

    def stop(self) -> None:
        """Send SIGTERM to all, and SIGKILL after STOP_SECONDS to the rest. Lines are printed meanwhile."""
        self._stopping = True
        deadline, signalled = time.monotonic() + STOP_SECONDS, set[int]()
        while any(managed.due is None for managed in self._processes.values()) and time.monotonic() < deadline:
            # Repeated, for processes that are still starting.
            for managed in self._processes.values():
                if managed.pid is not None and managed.pid not in signalled:
                    signalled.add(managed.pid)
                    _signal(managed.pid, signal.SIGTERM)
            self._turn()
        for managed in self._processes.values():
            if managed.pid is not None:
                _signal(managed.pid, signal.SIGKILL)

    def _start(self, name: str) -> None:
        managed = self._processes[name]
        managed.due, managed.began = None, time.monotonic()
        process = Process(managed.command, name=name, colour=managed.colour, **self._options)
        threading.Thread(target=process.run, args=(self._messages,), daemon=True).start()

    def _turn(self) -> str | None:
        """Handle one message. Returns a reason to stop everything, or None."""
        try:
            message = self._messages.get(timeout=0.1)
        except queue.Empty:
            return None
        if message.type == "line":
            self._printer.write(message)
        elif message.type == "start":
            self._processes[message.name].pid = message.data["pid"]
        elif message.type == "stop":
            return self._ended(message.name, message.data["returncode"])
        return None

    def _ended(self, name: str, code: int) -> str | None:
        managed, now = self._processes[name], time.monotonic()
        wait = managed.restarts.after(code, now - managed.began)
        managed.pid, managed.due = None, now + (wait or 0.0)
        if wait is None:
            return f"The process {name!r} cannot be started: it {how_it_ended(code)}"
        if not self._stopping:
            show(f"The process {name!r} {how_it_ended(code)}; it restarts in {wait:g} s.")
        return None


def _signal(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        # It has ended, and its message follows.
        return
    except PermissionError:
        # macOS raises this for a process group that has just ended.
        return


def read(file: Path) -> dict[str, str]:
    """The commands of a Procfile by name, in the file's order."""
    return dict(parse_procfile(file.read_text()).processes)
