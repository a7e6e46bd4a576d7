"""Orders from a CSV file: read, parsed strictly, staged through COPY, checked and placed in SQL.

    csvfile ─▶ columns ─▶ rows (values) ─▶ staging ─▶ owners ─▶ load
                                              └─────────▶ report

Nothing is held in memory but the row at hand: what belongs together (the lines of an order) is grouped by PostgreSQL.
"""
