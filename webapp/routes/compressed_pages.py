"""Compresses pages with brotli or gzip, as the browser accepts, by Flask-Compress.

A page contains a secret, its CSRF token. If an attacker can put text of their choice into a compressed page, its length reveals
the secret (the BREACH attack). So a page is not compressed if its request had a query string or a form, because the page may
repeat them. Panels and the stream are not compressed: for a panel from memory, compression would cost more than the answer.
"""

from __future__ import annotations

from flask import Flask, Request, Response, request
from flask_compress import Compress

from .access import is_fragment

MIN_BYTES = 1_000  # less fits one packet anyway

compress = Compress()


def init_app(app: Flask) -> None:
    app.config.update(
        COMPRESS_REGISTER=False,  # it would compress every answer
        COMPRESS_STREAMS=False,
        COMPRESS_MIMETYPES=["text/html"],
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_MIN_SIZE=MIN_BYTES,
    )
    compress.init_app(app)

    @app.after_request
    def compress_page(response: Response) -> Response:
        # Compression changes an ETag, and a TV's page compares a fragment by it.
        is_page = may_be_compressed(request) and response.get_etag()[0] is None
        return compress.after_request(response) if is_page else response


def may_be_compressed(asked: Request) -> bool:
    """Whether the page cannot repeat any text of its request."""
    return asked.method == "GET" and not asked.query_string and not is_fragment(asked.path)
