"""Tests of webapp/streams."""
