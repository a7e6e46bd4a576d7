"""Celery tasks that run on a timer. Each is a thin call of a webapp function; webapp itself sends tasks by name only."""
