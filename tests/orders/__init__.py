"""Tests of webapp/orders."""
