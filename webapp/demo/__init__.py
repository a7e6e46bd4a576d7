"""The demo of `make run`: a made-up company, weeks of orders behind it, and customers who keep ordering."""
