"""Rollups: totals per hour, day and salesperson, kept up to date by Celery."""
