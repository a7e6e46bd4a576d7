"""Tests of single sign-on: whole sign-ins through a real provider, attacks, settings, commands."""
