"""The history: ranges, periods, exact figures."""
