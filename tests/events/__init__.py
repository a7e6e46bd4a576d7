"""Tests of webapp/events."""
