"""Tests of webapp/cli."""
