"""Prometheus metrics, one file per process: web, listener, worker; `outbox` is shared by the processes that drain it.

Importing a file creates its metrics, so a process imports only the files whose metrics it sets. In the web process the first
import must come after gunicorn.conf.py sets PROMETHEUS_MULTIPROC_DIR: the library reads it once. This file imports nothing.
"""
