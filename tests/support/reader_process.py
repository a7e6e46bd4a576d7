"""A reader in a process of its own, for tests that kill it. It sends what it handles through a pipe.

The processes are forks of a server that has imported everything, so each starts at once.
"""

from __future__ import annotations

import multiprocessing
import threading
from multiprocessing.connection import Connection

import psycopg

from webapp.outbox.reader import Reader

from .order_writers import Handled, count_of
from .reader_trial import InOrder

# A broker takes time for each message, so that kills hit pages in flight.
SEND_SECONDS = 0.003

_forks = multiprocessing.get_context("forkserver")


def run_reader(database_url: str, handled: Handled, seconds: float | None) -> None:
    """Run a reader for `seconds` from its first event, then send SIGKILL; without `seconds` until it has read everything."""
    _forks.set_forkserver_preload([__name__])
    ours, theirs = _forks.Pipe(duplex=False)
    process = _forks.Process(target=_read, args=(database_url, theirs, seconds is None), daemon=True)
    process.start()
    theirs.close()
    killer = threading.Timer(seconds or 0.0, process.kill)
    try:
        while True:
            message = ours.recv()
            if seconds is not None and killer.ident is None:
                killer.start()
            handled.saved() if message == "saved" else handled.handle(*message)
    except EOFError:
        pass
    finally:
        killer.cancel()
        process.kill()
        process.join()
    if seconds is not None:
        handled.crashed()


def _read(database_url: str, messages: Connection, is_last: bool) -> None:
    reader, sent = Reader(InOrder.reader.name), threading.Event()
    with psycopg.connect(database_url, autocommit=True) as conn:
        while (diff := reader.begin(conn)) or not is_last:
            if diff is None:
                continue
            while events := diff.read(InOrder.limit):
                for event in events:
                    count = count_of(event.type, event.old_values, event.new_values)
                    messages.send((event.id, event.order_id, count))
                    sent.wait(SEND_SECONDS)
                diff.advance(events[-1].id)
                messages.send("saved")
            diff.finish()
