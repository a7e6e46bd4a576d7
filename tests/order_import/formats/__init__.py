"""Tests of webapp/order_import/formats."""
