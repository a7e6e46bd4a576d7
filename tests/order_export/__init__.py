"""Tests of the CSV files that the pages offer."""
