"""The WSGI app for gunicorn: `gunicorn -c gunicorn.conf.py wsgi:app`."""

import sys

from webapp import create_app
from webapp.config import CANNOT_START, ConfigError

try:
    app = create_app()
except ConfigError as error:
    print(error, file=sys.stderr)
    # For any other code gunicorn would start its workers again, without end.
    sys.exit(CANNOT_START)
