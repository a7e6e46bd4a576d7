"""Tests of webapp/outbox."""
