"""Tests of webapp/concurrency."""
