"""Tests of the events that triggers did not write."""
