"""Tests of TVs: links, their rights, what their pages hold."""
