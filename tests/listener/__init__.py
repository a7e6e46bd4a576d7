"""Tests of webapp/listener."""
