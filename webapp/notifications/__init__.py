"""Notifications: what each salesperson is told about their own orders."""
