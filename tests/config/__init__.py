"""Tests of webapp/config."""
