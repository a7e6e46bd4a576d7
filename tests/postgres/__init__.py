"""Tests of webapp/postgres."""
