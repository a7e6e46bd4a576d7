"""Tests of webapp/server."""
