"""A request's body with a deadline, and with gunicorn's errors raised as HTTP errors.

Without a deadline each connection whose body never arrives would hold a greenlet for ever. gunicorn limits the head by its
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

# For a whole body: 64 KB over a slow phone's 4 KB/s take 16.
SECONDS = 20.0
DISCARD_SECONDS = 5.0
# A larger unread body closes the connection.
DISCARD_BYTES = 1_000_000
_STEP_BYTES = 16_384
# At worst 2,048 chunks, of 5 µs each.
_CHUNKED_STEP_BYTES = 2_048


class Body:
    """The `wsgi.input` of a request.

    Raises BadRequest for invalid framing, and RequestTimeout if the body is incomplete after SECONDS. Before either it calls
    `give_up`, because the connection cannot carry another request.
    """

    def __init__(self, body: Any, give_up: Callable[[], None]) -> None:
        self._body, self._give_up = body, give_up
        self._step = _STEP_BYTES if isinstance(body.reader, LengthReader) else _CHUNKED_STEP_BYTES
        self._ends = time.monotonic() + SECONDS

    def read(self, size: int | None = None) -> bytes:
        """At most `size` bytes, possibly fewer; without `size` the rest of the body."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(self._step), b""))
        data = self._within(self._body.read, min(size, self._step))
        # Buffered data is read without a switch, so let other greenlets run.
        gevent.sleep(0)
        return data

    def renew(self) -> None:
        """Give the rest of the body SECONDS from now, for a route that stores a large body piece by piece."""
        self._ends = time.monotonic() + SECONDS

    def readline(self, size: int | None = None) -> bytes:
        return self._within(self._body.readline, size)

    def readlines(self, hint: int | None = None) -> list[bytes]:
        return self.read().splitlines(keepends=True)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _within(self, read: Callable[[int | None], bytes], size: int | None) -> bytes:
        deadline = gevent.Timeout(max(0.001, self._ends - time.monotonic()))
        try:
            with deadline:
                return read(size)
        except gevent.Timeout as timeout:
            if timeout is not deadline:
                raise
            self._give_up()
            raise RequestTimeout(
                f"The form did not arrive completely within {SECONDS:.0f} s. Nothing was changed. Send it again."
            ) from None
        except (ParseException, OSError) as error:
            self._give_up()
            raise BadRequest("The body of the request is not valid. Nothing was changed.") from error


def discard(body: Any) -> bool:
    """Read the rest of gunicorn's `body`, so that the client can read the response.

    Returns False if there is too much of it; the connection must then be closed.

    gunicorn's own method has no limit, reads 1 KB per call, moves all received data each time, and never yields.
    """
    reader = body.reader
    if isinstance(reader, LengthReader) and not 0 < reader.length <= DISCARD_BYTES:
        return not reader.length
    try:
        with gevent.Timeout(DISCARD_SECONDS, False):
            while body.read(_STEP_BYTES):
                if not isinstance(reader, LengthReader):
                    return False  # no browser sends chunked bodies
                gevent.sleep(0)
            return True
    except (ParseException, OSError):
        pass
    return False
