"""Tests on real brokers, run by `make test-brokers`."""
