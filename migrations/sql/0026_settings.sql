-- What users and managers set in the browser. Constant defaults write no row.
ALTER TABLE users
    -- null: as the device
    ADD COLUMN theme text,
    ADD COLUMN shortcuts boolean NOT NULL DEFAULT true,
    ADD CONSTRAINT ck_users_theme CHECK (theme IN ('light', 'dark'));
ALTER TABLE tenants ADD COLUMN team_visible boolean NOT NULL DEFAULT true;
