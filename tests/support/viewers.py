"""Many who watch: their requests all at once, and the statements that these cost."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from flask import Flask
from sqlalchemy import event

from webapp.postgres import tenancy

T = TypeVar("T")


class Statements(list[str]):
    """The SQL that an app has sent."""

    def about(self, words: str) -> int:
        return sum(words in statement for statement in self)


@contextlib.contextmanager
def statements(*apps: Flask) -> Iterator[Statements]:
    seen = Statements()

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        # Each transaction sets its tenant first, which reads no table.
        if statement != tenancy.STATEMENT:
            seen.append(statement)

    engines = []
    for app in apps:
        with app.app_context():
            engines.append(app.extensions["sqlalchemy"].engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


@contextlib.contextmanager
def at_once(calls: list[Callable[..., T]]) -> Iterator[list[Future[T]]]:
    """Each call in a thread of its own, all begun together; the block runs beside them."""
    barrier = threading.Barrier(len(calls))

    def begin(call: Callable[..., T]) -> T:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        yield [pool.submit(begin, call) for call in calls]
