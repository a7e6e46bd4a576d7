"""Tests of webapp/observability."""
