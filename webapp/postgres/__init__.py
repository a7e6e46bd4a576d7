"""Connections to PostgreSQL: how each session is opened, and what its errors mean."""
