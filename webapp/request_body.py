"""A request's body as gunicorn reads it, with a deadline, and with gunicorn's errors as answers that Flask can give.

Without a deadline each connection whose body never comes holds a greenlet for good. gunicorn limits the head by its
`keepalive` (5 s in all), and leaves the body to the app.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, RequestTimeout

SECONDS = 20.0  # for all of a body; 64 KB over a slow phone's 4 KB/s take 16


class Body:
    """What a WSGI application reads as `wsgi.input`. Raises BadRequest for framing that cannot be read, RequestTimeout
    when the body is not complete after SECONDS. `give_up` is called first: nothing more can come on that connection."""

    def __init__(self, body: Any, give_up: Callable[[], None]) -> None:
        self._body, self._give_up = body, give_up
        self._ends = time.monotonic() + SECONDS

    def read(self, size: int | None = None) -> bytes:
        return self._within(self._body.read, size)

    def readline(self, size: int | None = None) -> bytes:
        return self._within(self._body.readline, size)

    def readlines(self, hint: int | None = None) -> list[bytes]:
        return self.read().splitlines(keepends=True)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _within(self, read: Callable[[int | None], bytes], size: int | None) -> bytes:
        late = gevent.Timeout(max(0.001, self._ends - time.monotonic()))
        try:
            with late:
                return read(size)
        except gevent.Timeout as timeout:
            if timeout is not late:
                raise
            self._give_up()
            raise RequestTimeout(
                f"The form did not arrive completely within {SECONDS:.0f} s. Nothing was changed. Send it again."
            ) from None
        except (ParseException, OSError) as error:
            self._give_up()
            raise BadRequest("The body of the request cannot be read. Nothing was changed.") from error
