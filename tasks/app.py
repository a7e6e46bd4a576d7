"""The Celery app: `celery -A tasks.app worker` and `celery -A tasks.app beat`.

Importing it reads no environment and connects to nothing.
"""

from __future__ import annotations

import sys
from typing import Any

from celery import Celery

from webapp.config import CANNOT_START, ConfigError, redis_url

from . import (
    broker_errors,
    logs,  # noqa: F401 - connects itself to Celery's signals
    message_guard,
    metrics,  # noqa: F401 - likewise
)
from .process_config import process_config
from .schedule import QUEUE, SCHEDULE


def _broker(address: str) -> dict[str, Any]:
    """The options for Redis as Celery's broker."""
    broker = redis_url.for_celery(address)
    return {
        "broker_url": broker["broker_url"],
        "broker_use_ssl": broker["broker_use_ssl"],
        "broker_connection_retry_on_startup": True,
        # Redis may be unreachable for an hour; the default gives up after 100 tries.
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "socket_connect_timeout": 5,
            # Without a timeout beat waits for ever for a host that vanished.
            "socket_timeout": 5,
            "socket_keepalive": True,
            # A worker closes a silent connection after two intervals and a second.
            "health_check_interval": 10,
            **broker["transport_options"],
        },
    }


def settings() -> dict[str, Any]:
    """All Celery options that Doorbell sets.

    Celery silently accepts a misspelt option, so a test compares them with its list. Ends the process with an error when
    the environment is invalid.
    """
    try:
        config = process_config()
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(CANNOT_START)
    return {
        **_broker(config.redis_url),
        "task_default_queue": QUEUE,
        "task_ignore_result": True,
        "task_serializer": "json",
        # Never pickle: write access to Redis must not allow running code here.
        "accept_content": ["json"],
        # Acknowledge before running, Celery's default. Each task is a tick, so the next tick makes up for a lost one, and a
        # task that kills its worker is not sent to the next worker.
        "task_acks_late": False,
        # Applies to late acknowledgement only, but Celery warns each time when it is unset.
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "worker_prefetch_multiplier": 1,
        "worker_redirect_stdouts": False,
        # Write access to Redis must not allow stopping the worker.
        "worker_enable_remote_control": False,
        # In memory: no schedule file is needed, and one in /tmp would be a pickle that other users can write.
        "beat_scheduler": "celery.beat:Scheduler",
        "beat_schedule": SCHEDULE,
        "timezone": "UTC",
    }


app = Celery(
    "doorbell",
    include=[
        "tasks.rollups",
        "tasks.catch_up",
        "tasks.partitions",
        "tasks.sessions",
        "tasks.relay",
        "tasks.push",
        "tasks.uploads",
        "tasks.attach",
        "tasks.audit",
        "tasks.privacy",
    ],
)
app.add_defaults(settings)  # a callable, called at first use
broker_errors.install()
message_guard.install()
