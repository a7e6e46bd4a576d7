"""The Celery app: `celery -A tasks.app worker` and `celery -A tasks.app beat`. Importing it reads and connects nothing."""

from __future__ import annotations

import os
import sys
from typing import Any

from celery import Celery

from webapp.config import CANNOT_START, Config, ConfigError, redis_url

from . import (
    broker_away,
    logs,  # noqa: F401 - connects itself to Celery's signals
    metrics,  # noqa: F401 - likewise
    our_messages,
)
from .our_messages import QUEUE
from .schedule import SCHEDULE


def settings() -> dict[str, Any]:
    """Every option of Celery that Doorbell sets, in this one place: Celery accepts a misspelt one in silence (a test
    holds them against its list). Ends the process with a sentence when the environment cannot be used."""
    try:
        config = Config.from_env(os.environ)
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(CANNOT_START)
    broker = redis_url.for_celery(config.redis_url)
    return {
        "broker_url": broker["broker_url"],
        "broker_use_ssl": broker["broker_use_ssl"],
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # Redis may be away for an hour; the default gives up after 100 tries
        "broker_transport_options": {
            "socket_connect_timeout": 5,
            "socket_timeout": 5,  # without it beat waits for ever for a host that vanished
            "socket_keepalive": True,
            "health_check_interval": 10,  # a worker has left a silent connection after two of these and a second
            **broker["transport_options"],
        },
        "task_default_queue": QUEUE,  # a Redis may be shared with another Celery, whose queue is "celery"
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],  # never pickle: who can write to Redis must not run code here
        # Acknowledged before it runs, Celery's default: every task is a tick, so a lost one is made good by the next,
        # and one that kills its worker is not handed to the next worker.
        "task_acks_late": False,
        "worker_cancel_long_running_tasks_on_connection_loss": True,  # concerns late ones only; unset, it warns each time
        "worker_prefetch_multiplier": 1,
        "worker_redirect_stdouts": False,
        "worker_enable_remote_control": False,  # who can write to Redis must not be able to stop the worker
        # In memory: no schedule file to place, and one in /tmp would be a pickle that others can write.
        "beat_scheduler": "celery.beat:Scheduler",
        "beat_schedule": SCHEDULE,
        "timezone": "UTC",
    }


app = Celery("doorbell", include=["tasks.rollups", "tasks.catch_up", "tasks.partitions", "tasks.sessions"])
app.add_defaults(settings)  # a callable: called at first use, so an import needs no environment
broker_away.tell_in_one_line()
our_messages.install()
