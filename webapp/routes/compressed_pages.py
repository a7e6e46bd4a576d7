"""Pages compressed as they are answered, by Flask-Compress: brotli or gzip, whichever the browser takes.

A page holds a secret, its CSRF token. Where an attacker can put text of their choice into a compressed page, its length betrays
the secret (the attack is called BREACH). So a page is not compressed if its request had a query string or a form, because the
page may show both again. Panels and the stream are not compressed: a hit from memory costs less than its compression would.
"""

from __future__ import annotations

from flask import Flask, Request, Response, request
from flask_compress import Compress

from .access import is_fragment

MIN_BYTES = 1_000  # a shorter one fits a packet as it is

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
        return compress.after_request(response) if may_be_compressed(request) else response


def may_be_compressed(asked: Request) -> bool:
    """Whether nothing that is in the request can be on the page again."""
    return asked.method == "GET" and not asked.query_string and not is_fragment(asked.path)
