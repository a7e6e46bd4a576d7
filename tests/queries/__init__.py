"""Tests of webapp/queries."""
