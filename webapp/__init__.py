"""Doorbell's web application. Importing it does nothing; `create_app` builds it.

It does not import Flask either: gunicorn's master imports webapp.logs before gevent patches the standard library.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .config import Config

if TYPE_CHECKING:
    from flask import Flask

# A transaction that somebody left open, or a query gone wild, must not hold every connection of the pool. No query of a page
# is long enough for parallel workers: at ten million orders starting them took 60 of the 70 ms of the revenue tile.
LIMITS = "-c lock_timeout=3s -c statement_timeout=15s -c max_parallel_workers_per_gather=0"


def create_app(config: Config | None = None) -> Flask:
    """Build the app from `config`, or from the environment. Raises ConfigError with every fault found."""
    from flask import Flask

    config = config or Config.from_env(os.environ)
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=config.secret_key,
        SQLALCHEMY_DATABASE_URI=config.sqlalchemy_url,
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_pre_ping": True,  # after a restart of PostgreSQL the next request works
            "pool_size": 10,
            "max_overflow": 10,
            "pool_timeout": 5,
            "hide_parameters": True,  # an error's text goes to the log, names and e-mails do not
            "connect_args": {"application_name": "doorbell web", "connect_timeout": 5, "options": LIMITS},
        },
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.cookie_secure,
        WTF_CSRF_TIME_LIMIT=None,  # a board stays open for days; its buttons work as long as its session
        MAX_CONTENT_LENGTH=1_000_000,  # bytes; forms are small, imports go through the command line
    )
    app.extensions["doorbell_config"] = config
    from . import cli, errors, extensions, routes

    extensions.init_app(app)
    errors.init_app(app)
    routes.register(app)
    cli.register(app)
    return app
