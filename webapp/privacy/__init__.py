"""Export and erasure of persons and customers, deletion of tenants, retention of orders."""
