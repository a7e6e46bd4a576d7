"""Tests of webapp/notifications."""
