"""Tests of webapp/comments/."""
