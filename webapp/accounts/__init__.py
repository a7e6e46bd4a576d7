"""Tenants, users, sessions, and sign-in."""
