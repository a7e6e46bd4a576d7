"""Tests of webapp/push."""
