"""`make run`: everything that Doorbell needs, started on one machine with one command, and stopped with Ctrl-C."""
