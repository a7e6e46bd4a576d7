"""Tests of webapp/rate_limit."""
