"""The listener, killed with SIGKILL before the Nth line of its own code: `python -m tests.support.apps.crashing_listener N`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import listener_worker

ROOT = Path(__file__).parents[3]
TRACED = {
    str(ROOT / name)
    for name in (
        "listener_worker.py",
        "webapp/doorbell/locks.py",
        "webapp/doorbell/quiet_mode.py",
        "webapp/listener/heartbeat.py",
        "webapp/listener/leader.py",
        "webapp/listener/listener.py",
        "webapp/outbox/cursor.py",
        "webapp/outbox/drain.py",
        "webapp/outbox/groups.py",
        "webapp/outbox/reader.py",
        "webapp/signals/publisher.py",
    )
}


def die_at(line: int) -> None:
    left = line

    def trace(frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in TRACED:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


if __name__ == "__main__":
    die_at(int(sys.argv[1]))
    listener_worker.main()
