"""Tenants, users, sessions and signing in."""
