"""TVs: screens on a wall that show a tenant's figures by a link of their own, without a user."""
