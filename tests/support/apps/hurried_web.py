"""gunicorn as the Procfile runs it, whose patience with slow clients is short: for tests that wait until it is over."""

from __future__ import annotations

import sys

from gunicorn.app.wsgiapp import run

BODY_SECONDS, SEND_SECONDS = 2.0, 2.0


def main() -> None:
    from webapp.server import gunicorn_worker, request_body

    request_body.SECONDS, gunicorn_worker.SEND_SECONDS = BODY_SECONDS, SEND_SECONDS
    sys.argv = ["gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
    run()


if __name__ == "__main__":
    main()
