"""Tests of webapp/signals."""
