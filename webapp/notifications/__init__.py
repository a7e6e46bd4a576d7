"""Notifications: a salesperson's inbox."""
