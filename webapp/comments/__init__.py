"""Comments of users on orders, and the colleagues whom they mention."""
