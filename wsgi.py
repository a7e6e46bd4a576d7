"""What gunicorn serves: `gunicorn -c gunicorn.conf.py wsgi:app`."""

import sys

from webapp import create_app
from webapp.config import ConfigError

BOOT_ERROR = 3  # gunicorn's word for "starting me again will not help"; at any other it would try again for ever

try:
    app = create_app()
except ConfigError as error:
    print(error, file=sys.stderr)
    sys.exit(BOOT_ERROR)
