"""Events: what can happen to an order, and how long its events are kept."""
