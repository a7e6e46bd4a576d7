DROP TABLE rollup_rebuilds;
ALTER TABLE tenants DROP COLUMN team_visible;
ALTER TABLE users DROP COLUMN shortcuts, DROP COLUMN theme;
