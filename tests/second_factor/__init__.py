"""Tests of webapp/second_factor and its pages."""
