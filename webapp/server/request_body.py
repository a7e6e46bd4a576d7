"""A request's body as gunicorn reads it, with a deadline, and with gunicorn's errors as answers that Flask can give.

Without a deadline each connection whose body never comes holds a greenlet for good. gunicorn limits the head by its
`keepalive` (5 s in all), and leaves the body to the app.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
from gunicorn.http.body import LengthReader
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, RequestTimeout

SECONDS = 20.0  # for all of a body; 64 KB over a slow phone's 4 KB/s take 16
DISCARD_SECONDS = 5.0
DISCARD_BYTES = 1_000_000  # a client that sends more is left alone with it
_STEP_BYTES = 16_384
_CHUNKED_STEP_BYTES = 2_048  # which may be 2,048 chunks, of 5 µs each


class Body:
    """What a WSGI application reads as `wsgi.input`. Raises BadRequest for framing that cannot be read, RequestTimeout
    when the body is not complete after SECONDS. `give_up` is called first: nothing more can come on that connection."""

    def __init__(self, body: Any, give_up: Callable[[], None]) -> None:
        self._body, self._give_up = body, give_up
        self._step = _STEP_BYTES if isinstance(body.reader, LengthReader) else _CHUNKED_STEP_BYTES
        self._ends = time.monotonic() + SECONDS

    def read(self, size: int | None = None) -> bytes:
        """A step of at most `size` bytes; without `size` the rest."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(self._step), b""))
        data = self._within(self._body.read, min(size, self._step))
        gevent.sleep(0)  # data that is there already is read without a switch: others have their turn
        return data

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


def discard(body: Any) -> bool:
    """Read what the app has left of gunicorn's `body`, so that the client comes to read the answer. False: there is more
    than is worth it, and the connection has to be closed.

    gunicorn's own way has no limit, reads 1 KB a time, moves all that it has received before each, and never yields.
    """
    reader = body.reader
    if isinstance(reader, LengthReader) and not 0 < reader.length <= DISCARD_BYTES:
        return not reader.length
    try:
        with gevent.Timeout(DISCARD_SECONDS, False):
            while body.read(_STEP_BYTES):
                if not isinstance(reader, LengthReader):
                    return False  # chunks without an end; no browser sends them
                gevent.sleep(0)
            return True
    except (ParseException, OSError):
        pass
    return False
