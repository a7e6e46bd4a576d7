"""How much a form may hold. Parsing costs CPU in the one thread of a web process, and a sign-in needs no account."""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any

import flask
from flask import Flask, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

FORM_BYTES = 64_000
ORDER_BYTES = 400_000  # 200 lines of 200 characters of three bytes each, as a browser encodes them
FORM_FIELDS = 1_000  # an order of 200 lines has some 610

_MORE = {"orders.place": ORDER_BYTES}  # by endpoint


class FormParser(FormDataParser):
    """Werkzeug's, which counts the fields of multipart forms alone; here the usual kind has the same limit."""

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> Any:
        """Raises RequestEntityTooLarge."""
        if mimetype == "application/x-www-form-urlencoded":
            body = stream.read()
            if self.max_form_parts is not None and body.count(b"&") >= self.max_form_parts:
                raise RequestEntityTooLarge(f"This form has more than {self.max_form_parts} fields. Send fewer.")
            stream = BytesIO(body)
        return super().parse(stream, mimetype, content_length, options)


class Request(flask.Request):
    form_data_parser_class = FormParser


def init_app(app: Flask) -> None:
    """Call it before anything that reads a form, the check of CSRF tokens included."""
    app.request_class = Request
    app.config.update(MAX_CONTENT_LENGTH=FORM_BYTES, MAX_FORM_MEMORY_SIZE=FORM_BYTES, MAX_FORM_PARTS=FORM_FIELDS)

    @app.before_request
    def allow_more() -> None:
        if (more := _MORE.get(request.endpoint or "")) is not None:
            request.max_content_length = request.max_form_memory_size = more
