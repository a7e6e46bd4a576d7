"""The doorbell: LISTEN/NOTIFY, the locks beside it, and quiet mode."""
