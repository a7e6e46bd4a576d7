"""Orders from a CSV file: read, parsed strictly, staged through COPY, checked and placed in SQL.

    orders_file (csv_file, workbook) ─▶ columns ─▶ batch_parser (row_parser, cell_parsers) ─▶ staging ─▶ returns ─▶ owners
        ─▶ placement ─▶ updates
                                                                         └─────────▶ report

Memory stays flat: only the current batch of rows is in memory, and PostgreSQL groups rows (the lines of an order).
"""
