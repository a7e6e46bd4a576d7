"""The marked texts of pages: their catalogs, and a search for texts that are not marked."""
