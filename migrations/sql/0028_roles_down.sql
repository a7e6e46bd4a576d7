-- The earlier version lets every salesperson change every order. So viewers are disabled: no earlier role only reads.
UPDATE users SET role = 'manager' WHERE role = 'admin';
UPDATE users SET role = 'sales', disabled_at = coalesce(disabled_at, now()) WHERE role = 'viewer';
ALTER TABLE users
    DROP CONSTRAINT ck_users_role,
    ADD CONSTRAINT ck_users_role CHECK (role IN ('manager', 'sales'));
