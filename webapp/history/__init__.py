"""The history: figures of a range of dates by day, week or month, by salesperson or product, compared with earlier dates."""
