"""`make run`: starts all servers and processes on one machine, and stops them on Ctrl-C."""
