DROP TABLE to_ship_samples, holidays, sales_targets;
ALTER TABLE tenants DROP COLUMN working_days;
