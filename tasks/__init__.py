"""Celery: what runs on a timer. Each task is a thin call of a webapp function; webapp sends a job by name, if ever."""
