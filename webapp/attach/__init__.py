"""A company's own table of orders, attached: triggers copy its rows into `orders`, in the transaction that writes them."""
