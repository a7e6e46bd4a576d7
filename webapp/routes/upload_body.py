"""The body of an upload: a form whose file goes into PostgreSQL piece by piece while it arrives.

Flask would parse the whole form before the view runs, and would keep the file in memory or on this host's disk. No connection
to PostgreSQL is held while the next piece arrives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from flask import abort, request
from flask_wtf.csrf import CSRFError, same_origin, validate_csrf
from werkzeug.exceptions import BadRequest
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData
from wtforms import ValidationError

from ..language import gettext as _
from .form_limits import FORM_BYTES

# Of an upload that a script sends (static/upload.js): its errors are plain text.
UPLOAD_HEADER = "Doorbell-Upload"
READ_BYTES = 65_536
# The decoder's buffer: a piece, and the heads of the fields.
BUFFER_BYTES = READ_BYTES + FORM_BYTES
MAX_PARTS = 10
# A larger declared body is not read to its end, so its browser may show a lost connection in place of the answer.
DRAIN_TIMES = 4


@dataclass(frozen=True)
class SentFile:
    """The file of a form, whose token was valid. `pieces` can be read once."""

    name: str
    pieces: Iterator[bytes]


def read_file() -> SentFile:
    """The form's file. Its CSRF token must come before it.

    Raises CSRFError, 400 for another form, 413 for a body above the limit, 408 for one that stops arriving.
    """
    limit = request.max_content_length or 0
    if (request.content_length or 0) > limit:
        _drain(limit)
        abort(413)
    events = _events()
    token = bytearray()
    part: Event | None = None
    for event in events:
        if isinstance(event, File):
            _check(token.decode(errors="replace"))
            return SentFile(event.filename or "", _pieces(events))
        if isinstance(event, Field):
            part = event
        elif isinstance(event, Data) and isinstance(part, Field) and part.name == "csrf_token":
            token += event.data
    _check(token.decode(errors="replace"))
    raise BadRequest(_("The form has no file. Go back, choose a file and send it again."))


def _check(token: str) -> None:
    """The checks of CSRFProtect, which would read the whole form."""
    try:
        validate_csrf(token)
    except ValidationError as error:
        raise CSRFError(str(error)) from error
    if request.is_secure and not (request.referrer and same_origin(request.referrer, f"https://{request.host}/")):
        raise CSRFError("The referrer does not match the host.")


def _pieces(events: Iterator[Event]) -> Iterator[bytes]:
    for event in events:
        if not isinstance(event, Data):
            continue
        yield event.data
        if not event.more_data:
            break
    # The rest of the form, so that the connection can carry the next request.
    deque(events, maxlen=0)


def _events() -> Iterator[Event]:
    """Raises 400 where the body is not a form with files."""
    boundary = request.mimetype_params.get("boundary", "")
    if request.mimetype != "multipart/form-data" or not boundary:
        # A form without a file, such as one that another program sends.
        raise CSRFError("The CSRF token is missing.")
    decoder = MultipartDecoder(boundary.encode(), BUFFER_BYTES, max_parts=MAX_PARTS)
    try:
        while True:
            event = decoder.next_event()
            if isinstance(event, NeedData):
                decoder.receive_data(request.stream.read(READ_BYTES) or None)
                continue
            yield event
            if isinstance(event, Epilogue):
                return
    except ValueError:
        abort(400, _("The form did not arrive completely. Nothing was kept. Send it again."))


def renew_deadline() -> None:
    """Call after each stored piece, so that a large file may take longer than a form. Flask's own server has no deadline."""
    body = request.environ["wsgi.input"]
    if hasattr(body, "renew"):
        body.renew()


def _drain(limit: int) -> None:
    """Read a body that is somewhat too large, because a browser shows no answer before it has sent everything."""
    if (request.content_length or 0) > limit * DRAIN_TIMES:
        return
    body = request.environ["wsgi.input"]
    left = request.content_length or 0
    while left > 0 and (data := body.read(min(READ_BYTES, left))):
        left -= len(data)
        renew_deadline()
