"""Orders imported in the browser: uploaded files in PostgreSQL, their preview, and the jobs that check and import them."""
