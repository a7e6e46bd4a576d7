"""Tests of webapp/launcher."""
