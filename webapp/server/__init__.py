"""What Doorbell adds to gunicorn, and what every response carries."""
