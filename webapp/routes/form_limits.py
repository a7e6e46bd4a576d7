"""The maximum size of forms. Parsing costs CPU in the only thread of a web process, and the sign-in form needs no account."""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any

import flask
from flask import Flask, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from ..language import gettext as _
from ..services import services

FORM_BYTES = 64_000
# 200 lines of 200 characters of three bytes each, as a browser encodes them.
ORDER_BYTES = 400_000
FORM_FIELDS = 1_000  # an order has about 610

_LARGER = {"orders.place": ORDER_BYTES}  # by endpoint
# Reads its body piece by piece (upload_body.py), and takes a file of up to IMPORT_MAX_MB beside the form's fields.
UPLOAD = "imports.receive"


class FormParser(FormDataParser):
    """Werkzeug's parser, with its limit of fields for urlencoded forms too. Werkzeug counts only multipart fields."""

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> Any:
        """Raises RequestEntityTooLarge."""
        if mimetype == "application/x-www-form-urlencoded":
            body = stream.read()
            if self.max_form_parts is not None and body.count(b"&") >= self.max_form_parts:
                problem = _("This form has more than %(count)s fields. Send fewer.", count=self.max_form_parts)
                raise RequestEntityTooLarge(problem)
            stream = BytesIO(body)
        return super().parse(stream, mimetype, content_length, options)


class Request(flask.Request):
    form_data_parser_class = FormParser


def init_app(app: Flask) -> None:
    """Call this before anything that reads a form, such as the check of CSRF tokens."""
    app.request_class = Request
    app.config.update(MAX_CONTENT_LENGTH=FORM_BYTES, MAX_FORM_MEMORY_SIZE=FORM_BYTES, MAX_FORM_PARTS=FORM_FIELDS)

    @app.before_request
    def raise_limit() -> None:
        if (limit := _LARGER.get(request.endpoint or "")) is not None:
            request.max_content_length = request.max_form_memory_size = limit
        if request.endpoint == UPLOAD:
            request.max_content_length = services().config.import_max_mb * 1_000_000 + FORM_BYTES
