ALTER TABLE tenants DROP COLUMN shows_ranking;
