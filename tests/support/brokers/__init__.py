"""Real brokers for the tests of the relay: each is a process of its own on the loopback address."""
