"""Sessions of PostgreSQL, and explanations of its errors."""
