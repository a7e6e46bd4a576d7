"""Tests of webapp/rollups."""
