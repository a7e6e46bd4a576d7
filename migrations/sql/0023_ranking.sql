-- Whether boards rank salespeople by revenue. A constant default writes no row.
ALTER TABLE tenants ADD COLUMN shows_ranking boolean NOT NULL DEFAULT true;
