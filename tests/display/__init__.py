"""Tests of webapp/display."""
