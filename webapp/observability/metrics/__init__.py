"""Numbers for Prometheus, a file a process: web, listener, worker; `outbox` for whoever drains it.

Importing one of them makes its metrics, so a process imports those alone that it fills. In the web process the first import
must come after PROMETHEUS_MULTIPROC_DIR is set (gunicorn.conf.py): the library looks at it once. This file imports nothing.
"""
