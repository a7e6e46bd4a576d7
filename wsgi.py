"""The WSGI app for gunicorn: `gunicorn -c gunicorn.conf.py wsgi:app`."""

import gc
import sys

from webapp import create_app
from webapp.config import CANNOT_START, ConfigError

# All objects made here stay. Garbage collections meanwhile would scan them for 0.1 s of CPU and free none.
gc.disable()
try:
    app = create_app()
except ConfigError as error:
    print(error, file=sys.stderr)
    # For any other code gunicorn would start its workers again, without end.
    sys.exit(CANNOT_START)
gc.enable()
