-- Settings of users and companies in the browser. Constant defaults write no row.
ALTER TABLE users
    -- null: as the device
    ADD COLUMN theme text,
    ADD COLUMN shortcuts boolean NOT NULL DEFAULT true,
    ADD CONSTRAINT ck_users_theme CHECK (theme IN ('light', 'dark'));
ALTER TABLE tenants ADD COLUMN team_visible boolean NOT NULL DEFAULT true;

-- The last rebuild of a tenant's rollups after a change of its time zone (webapp/rollups/rebuilds.py). Until it is finished,
-- refreshes leave the tenant's rollups as they are.
CREATE TABLE rollup_rebuilds (
    tenant_id bigint PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    -- Hours of the tenant's clock with orders, payments or refunds.
    hours_done integer NOT NULL DEFAULT 0,
    hours_total integer NOT NULL DEFAULT 0,
    -- Of the last attempt; null while it runs and when it succeeded.
    problem text,
    CONSTRAINT ck_rollup_rebuilds_problem CHECK (length(problem) <= 10000)
);
