"""The demo of `make run`: a fictional company with weeks of past orders, and customers who keep ordering."""
