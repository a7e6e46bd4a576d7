"""Tests of webapp/panels."""
