"""Metrics of the worker's tasks, counted by Celery's signals and served to Prometheus on WORKER_METRICS_PORT.

The worker in Procfile is one process with a pool of threads. With Celery's prefork pool, tasks would run and be counted in
child processes that Prometheus cannot scrape.
"""

from __future__ import annotations

import sys
from time import perf_counter
from typing import Any

from celery.exceptions import WorkerShutdown
from celery.signals import task_failure, task_postrun, task_prerun, task_revoked, task_success, worker_ready

from webapp.config import CANNOT_START, ConfigError
from webapp.observability.metrics import worker
from webapp.relay.queue import RELAY_QUEUE

from .process_config import process_config
from .schedule import NAMES, REFRESH_ROLLUPS

_started: dict[str, float] = {}  # by task id

for _name in NAMES:
    worker.TASK_RUNS.labels(_name, worker.DONE)


@worker_ready.connect
def serve(sender: Any, **_: Any) -> None:
    try:
        is_relay = RELAY_QUEUE in sender.app.amqp.queues.consume_from
        worker.serve_if_asked(process_config(), is_relay=is_relay)
    except ConfigError as error:
        print(error, file=sys.stderr)
        raise WorkerShutdown(CANNOT_START) from error


@task_prerun.connect
def begin(task_id: str, **_: Any) -> None:
    _started[task_id] = perf_counter()


@task_postrun.connect
def end(task_id: str, sender: Any, **_: Any) -> None:
    if (started := _started.pop(task_id, None)) is not None:
        worker.TASK_SECONDS.labels(sender.name).observe(perf_counter() - started)


@task_success.connect
def done(sender: Any, **_: Any) -> None:
    worker.TASK_RUNS.labels(sender.name, worker.DONE).inc()
    if sender.name == REFRESH_ROLLUPS:
        worker.ROLLUP_AGE.renew()


@task_failure.connect
def failed(sender: Any, exception: BaseException, **_: Any) -> None:
    expected = isinstance(exception, tuple(sender.throws))
    worker.TASK_RUNS.labels(sender.name, worker.AWAY if expected else worker.FAILED).inc()


@task_revoked.connect
def expired(sender: Any, expired: bool = False, **_: Any) -> None:
    if expired:
        worker.TASK_RUNS.labels(sender.name, worker.EXPIRED).inc()
