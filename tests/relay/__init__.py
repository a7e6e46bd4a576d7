"""Tests of webapp/relay."""
