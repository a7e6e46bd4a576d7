"""Tests of webapp/doorbell."""
