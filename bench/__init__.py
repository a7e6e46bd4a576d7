"""Benchmarks: `python -m bench.NAME` prints one JSON object per line, with a baseline measured in the same run."""
