"""How numbers, money, times and charts are shown: Jinja filters and geometry."""
