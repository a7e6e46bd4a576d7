"""A relay worker without Celery, for tests that kill it: relays one destination again and again. Argument: its id."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

import psycopg

from webapp.config import Config
from webapp.outbox.diff import ReaderMoved
from webapp.relay.worker import RelayWorker

PAUSE_SECONDS = 0.01


def main() -> None:
    worker, pause = RelayWorker(Config.from_env(os.environ)), threading.Event()
    while True:
        with suppress(psycopg.OperationalError, ReaderMoved):
            worker.run(int(sys.argv[1]))
        pause.wait(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
