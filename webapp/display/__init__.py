"""Formats of numbers, money, times and charts: Jinja filters and geometry."""
