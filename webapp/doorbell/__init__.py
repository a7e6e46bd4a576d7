"""The doorbell: the NOTIFY channel, the connection that LISTENs, the advisory locks, and quiet mode."""
