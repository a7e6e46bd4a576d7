"""Benchmarks: `python -m bench.NAME` prints one JSON object a line, measured beside a baseline in the same call."""
