"""CSV files of orders and of a day's figures, which spreadsheets open and `flask orders import` reads back."""
