"""Tests of webapp/uploads."""
